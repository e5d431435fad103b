import { closeSync, constants, openSync, readSync } from "node:fs";
import { SyscallError } from "../errors/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";
import { FdPoll, nodeError, withTracefs } from "../sys/index.ts";
import { EndableWait, endAtOnce, onAbort } from "./ending.ts";
import { LoopTurn } from "./loop-turn.ts";

const CHUNK = 1 << 16;
const OPTIONS: OptionTable<{ signal?: AbortSignal }> = { signal: "signal" };

/**
 * Reads the lines that programs print with bpf_printk() from the kernel's trace pipe. Each line includes its line end.
 * The kernel gives each line to only one reader. Ends when `signal` is aborted. Throws SyscallError without
 * CAP_SYS_ADMIN. The tracefs need not be mounted.
 */
export function traceLog(options: { signal?: AbortSignal } = {}): AsyncGenerator<string, void, undefined> {
  checkOptions("traceLog", options, OPTIONS);
  const waiting = new EndableWait();
  return endAtOnce(readLines(waiting, options.signal), waiting.end);
}

async function* readLines(
  waiting: EndableWait,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, undefined> {
  const file = openTracePipe();
  const stopListening = onAbort(signal, waiting.end);
  using poll = new FdPoll(waiting.wake);
  try {
    poll.add(file);
    const chunk = Buffer.alloc(CHUNK);
    const decoder = new TextDecoder();
    const turn = new LoopTurn();
    let rest = "";
    while (!waiting.isEnded) {
      const length = readSome(file, chunk);
      if (length === 0) {
        // The poll is level-triggered, so nothing is lost between the read and the wait.
        await waiting.wait();
        turn.begin();
        continue;
      }
      const text = rest + decoder.decode(chunk.subarray(0, length), { stream: true });
      const lineEnd = text.lastIndexOf("\n") + 1;
      rest = text.slice(lineEnd);
      if (lineEnd > 0) for (const line of text.slice(0, lineEnd - 1).split("\n")) yield `${line}\n`;
      if (turn.isOver()) await turn.pass();
    }
  } finally {
    stopListening();
    poll.close();
    closeSync(file);
  }
}

/** Opens the trace pipe. If this fails, throws a SyscallError that says what to do. */
function openTracePipe(): number {
  try {
    return withTracefs((path) => openSync(`${path}/trace_pipe`, constants.O_RDONLY | constants.O_NONBLOCK));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const failure = nodeError(error, TRACE_PIPE, { needs: ["CAP_SYS_ADMIN"] });
    if (code !== "EBUSY" || !(failure instanceof SyscallError)) throw failure;
    const { call, errno, subject } = failure;
    throw new SyscallError(
      { call, errno, subject, hint: "another process reads it; end that reader first" },
      { cause: error },
    );
  }
}

const TRACE_PIPE = "the kernel's trace pipe";

/** Reads from the trace pipe into `chunk`. Returns the number of bytes; 0 if no data is available now. */
function readSome(file: number, chunk: Uint8Array): number {
  try {
    return readSync(file, chunk);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EAGAIN" || code === "EINTR") return 0;
    throw nodeError(error, TRACE_PIPE);
  }
}
