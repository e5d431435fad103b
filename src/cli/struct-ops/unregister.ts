import { describeStructOps } from "../../inventory/index.ts";
import { unregisterStructOps } from "../../link/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { done } from "../output/answer.ts";
import { writeNote } from "../output/write.ts";
import type { Options } from "../words/options.ts";
import { unexpectedWord } from "../words/words.ts";
import { noneFound, openStructOpsMap, takeHandle } from "./maps.ts";
import { kernelStructName } from "./render.ts";

/** `bpfts struct_ops unregister STRUCT_OPS_MAP`. */
export const unregisterMaps: Run = (words, options) => {
  if (words.left === 0) throw unexpectedWord(["id", "name"], words);
  const handle = takeHandle(words);
  if ("id" in handle) unregister(handle.id, options);
  else {
    const maps = [...describeStructOps({ name: handle.name })];
    if (maps.length === 0) throw noneFound(handle.name ?? "");
    const failures = maps.flatMap(({ id }) => failureOf(() => unregister(`${id}`, options)));
    if (failures.length > 0) throw new CommandError(failures.map(({ message }) => message).join("; "));
  }
  return done;
};

function failureOf(run: () => void): CommandError[] {
  try {
    run();
    return [];
  } catch (error) {
    if (error instanceof CommandError) return [error];
    throw error;
  }
}

function unregister(id: string, { json }: Options): void {
  using fd = openStructOpsMap(id, "write");
  for (const map of describeStructOps({ fds: [fd.number] })) {
    const what = `${kernelStructName(map)} ${map.name} id ${map.id}`;
    try {
      unregisterStructOps(fd.number);
    } catch (error) {
      throw failedTo(`can't unload ${what}`, error);
    }
    if (!json) writeNote(`Unregistered ${what}`);
  }
}
