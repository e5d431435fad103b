import { done } from "../answer.ts";
import type { Run } from "../command.ts";
import { EXIT_INVALID } from "../command-error.ts";
import { takeProgram } from "../handle/program.ts";
import { pinAt } from "../pin.ts";

/** `bpfts prog pin PROG FILE`. */
export const pinProgram: Run = (words, options) => {
  words.need(3, { exitCode: EXIT_INVALID });
  using program = takeProgram(words);
  const path = words.take("a file");
  words.end();
  pinAt(path, program.number, options);
  return done;
};
