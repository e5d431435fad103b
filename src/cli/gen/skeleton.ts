import { skeletonName, skeletonPieces, subskeletonText } from "../../codegen/index.ts";
import { readUserFile } from "../../kernel/index.ts";
import { type ObjectSpec, parseObject } from "../../object/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError, EXIT_FAILURE } from "../failure/command-error.ts";
import { inStep } from "../failure/reason.ts";
import type { Answer } from "../output/answer.ts";
import type { Words } from "../words/words.ts";

/** bpftool's exit code for a file that is no BPF object: the lowest byte of libbpf's own error number -4001. */
const EXIT_FORMAT = 95;

/** `bpfts gen skeleton FILE [name OBJECT_NAME]`, with `-L` and `-S`. */
export const genSkeleton: Run = async (words, options) => {
  const { file, name } = takeArguments(words);
  const { data, spec } = readObjectFile(file, { name, exitCode: EXIT_FORMAT });
  if (!options.useLoader) return source(skeletonPieces(spec, name, data));
  const { lightSkeleton } = await import("./light-skeleton.ts");
  return source(lightSkeleton(spec, name, options));
};

/** `bpfts gen subskeleton FILE [name OBJECT_NAME]`. */
export const genSubskeleton: Run = (words, options) => {
  const { file, name } = takeArguments(words);
  if (options.useLoader) throw new CommandError("cannot use loader for subskeletons");
  const { spec } = readObjectFile(file, { name: "", exitCode: EXIT_FAILURE });
  return source([subskeletonText(spec, name)]);
};

/** Takes `FILE [name OBJECT_NAME]`. */
function takeArguments(words: Words): { file: string; name: string } {
  words.need(1);
  const file = words.take("a file");
  let given: string | undefined;
  while (words.left > 0) {
    words.need(2);
    if (!words.takeKeyword("name")) throw new CommandError(`unknown arg ${words.peek}`);
    if (given !== undefined) throw new CommandError("object name already specified");
    given = words.take("a name");
  }
  return { file, name: skeletonName(file, given) };
}

/**
 * Reads an object file.
 *
 * @param options.name the object's name; the names of the maps for its data sections begin with it
 * @param options.exitCode the exit code if the file is no BPF object
 */
function readObjectFile(
  file: string,
  { name, exitCode }: { readonly name: string; readonly exitCode: number },
): { data: Uint8Array; spec: ObjectSpec } {
  const data = inStep("failed to open() the object file", () => readUserFile(file, "a BPF object file"));
  const spec = inStep(
    "failed to open BPF object file",
    () => parseObject(data, { name, source: file }),
    () => exitCode,
  );
  return { data, spec };
}

/** Returns the answer of a command that prints C source. As in bpftool, the output is the same with -j. */
function source(pieces: readonly (string | Uint8Array)[]): Answer {
  return { text: () => pieces, jsonPieces: () => pieces, json: () => null };
}
