import { Errno, SyscallError } from "../errors/index.ts";
import { tooOldFor } from "../kernel/index.ts";
import { lookUp } from "../layout/index.ts";
import { progStreamReadByFd } from "../sys/index.ts";
import { BpfStream } from "../uapi/index.ts";

/**
 * The name of a stream of a program. The program writes to both streams with bpf_stream_printk(). The kernel writes
 * errors of the program to `stderr`.
 */
export type StreamName = "stdout" | "stderr";

const STREAMS = { stdout: BpfStream.BPF_STREAM_STDOUT, stderr: BpfStream.BPF_STREAM_STDERR } as const;
const CHUNK = 4096;

/**
 * Yields the unread bytes of a program's stream in pieces, and removes them from the stream. Throws NotSupportedError
 * before Linux 6.17.
 */
export function* readStream(fd: number, name: StreamName): Generator<Uint8Array, void, undefined> {
  const stream = lookUp(STREAMS, name, "program stream");
  for (;;) {
    const chunk = new Uint8Array(CHUNK);
    let length: number;
    try {
      length = progStreamReadByFd(fd, stream, chunk);
    } catch (cause) {
      const isRefused = cause instanceof SyscallError && cause.errno === Errno.EINVAL;
      throw (isRefused && tooOldFor("prog:stream", {}, cause)) || cause;
    }
    if (length === 0) return;
    yield chunk.subarray(0, length);
  }
}
