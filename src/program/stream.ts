import { Errno, NotSupportedError, SyscallError } from "../errors/index.ts";
import { kernelAtLeast, progStreamReadByFd } from "../sys/index.ts";
import { BpfStream } from "../uapi/index.ts";

/** A stream that a program writes to with bpf_stream_printk(), and the kernel with its complaints about the program. */
export type StreamName = "stdout" | "stderr";

const STREAMS = { stdout: BpfStream.BPF_STREAM_STDOUT, stderr: BpfStream.BPF_STREAM_STDERR } as const;
const CHUNK = 4096;

/**
 * Takes what a program wrote to one of its streams since it was last taken, in pieces. Throws NotSupportedError before
 * Linux 6.17.
 */
export function* readStream(fd: number, name: StreamName): Generator<Uint8Array, void, undefined> {
  for (;;) {
    const chunk = new Uint8Array(CHUNK);
    let length: number;
    try {
      length = progStreamReadByFd(fd, STREAMS[name], chunk);
    } catch (cause) {
      if (cause instanceof SyscallError && cause.errno === Errno.EINVAL && !kernelAtLeast(6, 17)) {
        throw new NotSupportedError({ feature: "streams of programs", minVersion: "6.17" }, { cause });
      }
      throw cause;
    }
    if (length === 0) return;
    yield chunk.subarray(0, length);
  }
}
