import { closeSync, openSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { readPiece } from "../../kernel/index.ts";
import type { LineRunner, RunLines } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import type { Answer, LiveAnswer } from "../output/answer.ts";
import { Formatted, type JsonValue } from "../output/json-writer.ts";
import type { LiveOutput } from "../output/live.ts";
import { answerJson, showAnswer } from "../output/show.ts";
import type { Options } from "../words/options.ts";
import { begins, type Words } from "../words/words.ts";
import { type BatchLine, readBatchLines } from "./lines.ts";

const STDIN = 0;

/** `bpfts batch file FILE|-`. */
export const runBatch: RunLines = (words, options, runner) => {
  const path = takeFile(words);
  const batch = new Batch(path, options, runner);
  return {
    live: (output, signal) => batch.run(output, signal),
    get exitCode() {
      return batch.exitCode;
    },
  };
};

function takeFile(words: Words): string {
  if (words.left < 2) throw new CommandError("too few parameters for batch");
  if (words.left > 2) throw new CommandError("too many parameters for batch");
  if (!words.takeKeyword("file")) {
    throw new CommandError(`expected 'file', got: ${words.peek}`, {
      typo: { word: words.peek ?? "", names: ["file"] },
    });
  }
  return words.take("a file");
}

/** One run of a batch file. */
class Batch {
  readonly #path: string;
  readonly #options: Options;
  readonly #runner: LineRunner;
  #processed = 0;
  #failed = 0;
  /** The exit code of the first command that failed. */
  exitCode = 0;

  constructor(path: string, options: Options, runner: LineRunner) {
    this.#path = path;
    this.#options = options;
    this.#runner = runner;
  }

  async run(output: LiveOutput, signal: AbortSignal): Promise<void> {
    const { json, keepGoing } = this.#options;
    const file = this.#open();
    try {
      for (const line of readBatchLines(piecesOf(file))) {
        if (signal.aborted || output.failure !== undefined) break;
        const code = json ? await this.#runJson(line, output) : await this.#runText(line, output, signal);
        if (code === 0) this.#processed += 1;
        else {
          this.#failed += 1;
          this.exitCode ||= code;
          if (!keepGoing) break;
        }
      }
      if (!json && (this.exitCode === 0 || keepGoing)) output.text(this.#summary());
    } catch (error) {
      // The file itself cannot be read, or a command in it is malformed. With -j, this error is the last element of the
      // array.
      if (!json) throw error;
      this.exitCode = this.#runner.reportFailure(error, { writeJson: (failure) => output.add(failure) });
    } finally {
      if (file !== STDIN) closeSync(file);
    }
    if (json) output.endArray();
  }

  #open(): number {
    if (this.#path === "-") return STDIN;
    try {
      return openSync(this.#path, "r");
    } catch (error) {
      throw failedTo(`Can't open file (${this.#path})`, error);
    }
  }

  #summary(): string {
    return `processed ${this.#processed} commands${this.#failed === 0 ? "" : `, ${this.#failed} failed`}\n`;
  }

  async #runText({ line, words }: BatchLine, output: LiveOutput, signal: AbortSignal): Promise<number> {
    try {
      const answer = await this.#answer(words);
      if ("live" in answer) await answer.live(output, signal);
      else showAnswer(answer, this.#options);
      return answer.exitCode ?? 0;
    } catch (error) {
      const place = `${this.#path === "-" ? "standard input" : this.#path}:${line}`;
      return this.#runner.reportFailure(error, { place });
    }
  }

  /** Runs a command with -j, and adds an object with the command's words and its output to the array. */
  async #runJson({ words }: BatchLine, output: LiveOutput): Promise<number> {
    const add = (value: JsonValue): void => output.add({ command: words, output: value });
    try {
      const answer = await this.#answer(words);
      if ("live" in answer) {
        throw new CommandError(`'${words.join(" ")}' runs until it is ended, so a batch with -j cannot run it`);
      }
      const text = answerJson(answer, this.#options.pretty);
      add(new Formatted((eol) => (eol === undefined ? text : text.replaceAll("\n", eol))));
      return answer.exitCode ?? 0;
    } catch (error) {
      return this.#runner.reportFailure(error, { writeJson: add });
    }
  }

  #answer(words: readonly string[]): Promise<Answer | LiveAnswer> {
    if (begins(words[0] as string, "batch")) throw new CommandError("a batch file cannot run another batch file");
    return this.#runner.run(words);
  }
}

const PIECE = 65536;

/** Reads a file piece by piece, so that commands from a pipe run as soon as they arrive. */
function* piecesOf(file: number): Generator<string, void, undefined> {
  const buffer = Buffer.allocUnsafe(PIECE);
  const decoder = new StringDecoder("utf8");
  for (;;) {
    let length: number;
    try {
      length = readPiece(file, buffer);
    } catch (error) {
      throw failedTo("reading batch file failed", error);
    }
    if (length === 0) break;
    yield decoder.write(buffer.subarray(0, length));
  }
  const rest = decoder.end();
  if (rest !== "") yield rest;
}
