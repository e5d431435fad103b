import { type Btf, minimiseBtf } from "../../btf/index.ts";
import { readBtfFile, readUserFile } from "../../kernel/index.ts";
import { readCoreObject } from "../../object/index.ts";
import { replaceFile } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { exitOfErrno } from "../failure/command-error.ts";
import { failedTo, inStep } from "../failure/reason.ts";
import { done } from "../output/answer.ts";

/** `bpfts gen min_core_btf INPUT OUTPUT OBJECT [OBJECT...]`. */
export const genMinCoreBtf: Run = (words) => {
  words.need(3);
  const input = words.take("a BTF file");
  const output = words.take("a file");
  const objects: string[] = [];
  while (words.left > 0) objects.push(words.take("an object file"));
  const step = <T>(what: string, run: () => T): T => inStep(what, run, exitOfErrno);

  const kernel: Btf = step(`failed parsing '${input}' BTF file`, () => readBtfFile(input));
  const parsed = objects.map((path) =>
    step(`failed to parse BPF object '${path}'`, () => readCoreObject(readUserFile(path, "a BPF object file"), path)),
  );
  const content = step("error recording relocations", () => minimiseBtf(kernel, parsed));
  try {
    replaceFile(output, content);
  } catch (error) {
    throw failedTo(`error saving btf file ${output}`, error, { errnoExit: true });
  }
  return done;
};
