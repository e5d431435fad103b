import { deviceIndex } from "../../sys/index.ts";
import { CommandError } from "../failure/command-error.ts";

/** Returns the index of the network device that a word names. */
export function deviceByName(name: string): number {
  const index = deviceIndex(name);
  if (index === undefined) throw new CommandError(`unrecognized netdevice '${name}': No such device`);
  return index;
}
