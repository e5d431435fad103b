import { join } from "node:path";
import { describeStructOps } from "../../inventory/index.ts";
import { pinName } from "../../kernel/index.ts";
import { attachStructOps, isLinkedStructOps, registerStructOps } from "../../link/index.ts";
import { type BpfObject, loadObject, readObject } from "../../load/index.ts";
import type { BpfMap } from "../../map/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo, inStep } from "../failure/reason.ts";
import { loadDebugging } from "../handle/load-log.ts";
import { prepareDirectory } from "../handle/pin.ts";
import { done } from "../output/answer.ts";
import { writeNote } from "../output/write.ts";
import type { Options } from "../words/options.ts";
import { kernelStructName } from "./render.ts";

/** `bpfts struct_ops register OBJ [LINK_DIR]`. */
export const registerObject: Run = (words, options) => {
  const file = words.take("an object file");
  const linkDirectory = words.left > 0 ? words.take("a directory") : undefined;
  words.end();
  if (linkDirectory !== undefined) prepareDirectory(linkDirectory, options);
  const spec = inStep("failed to open object file", () => readObject(file));
  using object = inStep("failed to load object file", () =>
    loadObject(spec, { ...loadDebugging(options), token: options.token }),
  );
  const names = Object.keys(object.structOps);
  if (names.length === 0) throw new CommandError(`no struct_ops found in ${file}`);
  const failures = names.flatMap((name) => register(object, name, linkDirectory, options));
  if (failures.length > 0) throw new CommandError(failures.join("; "));
  return done;
};

/**
 * Registers a struct and writes a note about it. Returns an array with the error message if this failed; otherwise an
 * empty array.
 */
function register(object: BpfObject, name: string, linkDirectory: string | undefined, { json }: Options): string[] {
  const map = object.map(name);
  let registered: string;
  try {
    registered = isLinkedStructOps(map)
      ? registerByLink(object, name, linkDirectory)
      : `${label(registerStructOps(object, name))} id ${map.id}`;
  } catch (error) {
    const failure = failedTo(`can't register struct_ops ${name}`, error);
    if (!(failure instanceof Error && "code" in failure)) throw failure;
    return [failure.message];
  }
  if (!json) writeNote(`Registered ${registered}`);
  return [];
}

function registerByLink(object: BpfObject, name: string, linkDirectory: string | undefined): string {
  const map = object.map(name);
  using link = attachStructOps(object, name);
  const kernelName = map.info().name;
  if (linkDirectory !== undefined) {
    try {
      link.pin(join(linkDirectory, pinName(kernelName, map.what)));
    } catch (error) {
      throw failedTo(`can't pin link ${link.id} for ${kernelName}`, error);
    }
  }
  return `${label(map)} map id ${map.id} link id ${link.id}`;
}

/** Returns the kernel struct and the map's name, as messages show them. */
function label(map: BpfMap): string {
  const [description] = describeStructOps({ fds: [map.fd] });
  return description === undefined ? map.what : `${kernelStructName(description)} ${description.name}`;
}
