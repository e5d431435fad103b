import type { Run } from "../command/command.ts";
import { EXIT_INVALID } from "../failure/command-error.ts";
import { pinAt } from "../handle/pin.ts";
import { takeProgram } from "../handle/program.ts";
import { done } from "../output/answer.ts";

/** `bpfts prog pin PROG FILE`. */
export const pinProgram: Run = (words, options) => {
  words.need(3, { exitCode: EXIT_INVALID });
  using program = takeProgram(words);
  const path = words.take("a file");
  words.end();
  pinAt(path, program.number, options);
  return done;
};
