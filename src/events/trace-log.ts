import { closeSync, constants, openSync, readSync } from "node:fs";
import { FdPoll, withTracefs } from "../sys/index.ts";

const CHUNK = 1 << 16;

/**
 * The lines that programs print with bpf_printk(), each with its line end, as they come: what is in the kernel's trace
 * pipe. Each line goes to one reader only. Ends when `signal` is aborted. Throws SyscallError without CAP_SYS_ADMIN;
 * the tracefs need not be mounted.
 */
export async function* traceLog(options: { signal?: AbortSignal } = {}): AsyncGenerator<string, void, undefined> {
  const { signal } = options;
  const file = withTracefs((path) => openSync(`${path}/trace_pipe`, constants.O_RDONLY | constants.O_NONBLOCK));
  let wake: () => void = () => undefined;
  const abort = (): void => wake();
  signal?.addEventListener("abort", abort);
  using poll = new FdPoll(() => wake());
  try {
    poll.add(file);
    const chunk = Buffer.alloc(CHUNK);
    let rest = "";
    while (signal?.aborted !== true) {
      const length = readSome(file, chunk);
      if (length === 0) {
        // Level-triggered, so nothing is lost between the reading and the waiting.
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const text = rest + chunk.toString("utf8", 0, length);
      const end = text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      if (end > 0) yield* text.slice(0, end).match(/.*\n/g) ?? [];
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    poll.close();
    closeSync(file);
  }
}

/** How many bytes there were, 0 for none. */
function readSome(file: number, chunk: Uint8Array): number {
  try {
    return readSync(file, chunk);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EAGAIN" || code === "EINTR") return 0;
    throw error;
  }
}
