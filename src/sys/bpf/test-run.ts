import { Errno } from "../../errors/index.ts";
import { checkRange } from "../../layout/index.ts";
import { BpfCmd, BpfTestRunAttr } from "../../uapi/index.ts";
import { beginCall, placeBytes, placeOwn, placeRoom } from "../call-buffer.ts";
import { lengthOf } from "../ffi.ts";
import { withoutProfilingSignal } from "../profiling-signal.ts";
import { commandError, tryCommand } from "./command.ts";

/** Options of a test run. The type of the program decides which ones are required. */
export interface TestRunOptions {
  /** The packet, for programs that process packets. It must have at least 14 bytes. */
  readonly data_in?: Uint8Array | undefined;
  /** The size of the buffer for the packet after the run. Default: 0, so the packet is not returned. */
  readonly data_size_out?: number | undefined;
  /** The context struct, such as `xdp_md`. */
  readonly ctx_in?: Uint8Array | undefined;
  readonly ctx_size_out?: number | undefined;
  /**
   * The context of a syscall program. The program changes these bytes in place. Replaces `ctx_in` and `ctx_size_out`.
   */
  readonly ctx_in_place?: Uint8Array | undefined;
  readonly repeat?: number | undefined;
  /** Flags of BpfTestRunFlag. */
  readonly flags?: number | undefined;
  /** The CPU to run on, with BPF_F_TEST_RUN_ON_CPU. */
  readonly cpu?: number | undefined;
  /** The number of frames to run at a time, with BPF_F_TEST_XDP_LIVE_FRAMES. */
  readonly batch_size?: number | undefined;
}

/** The result of a test run. */
export interface TestRunResult {
  /** The program's return value. */
  readonly retval: number;
  /** The mean time of a run in nanoseconds. */
  readonly duration: number;
  /** The packet after the run, cut to the requested `data_size_out`. Undefined if no packet was requested. */
  readonly data_out: Uint8Array | undefined;
  /**
   * The whole length of the packet after the run. If it is larger than the requested size, `data_out` was truncated.
   */
  readonly data_size_out: number;
  readonly ctx_out: Uint8Array | undefined;
  readonly ctx_size_out: number;
}

/**
 * Runs a program once or `repeat` times without its hook. Fails with ENOTSUPP if programs of this type cannot be run
 * this way. A signal interrupts a run with many repeats (EINTR, bpf_test_timer_continue). This function then starts the
 * run again, and blocks the signals of profilers during it.
 */
export function progTestRun(progFd: number, options: TestRunOptions = {}): TestRunResult {
  const first = runOnce(progFd, options);
  const run = first === -Errno.EINTR ? withoutProfilingSignal(() => runAgain(progFd, options)) : first;
  if (typeof run === "number") throw commandError(BpfCmd.BPF_PROG_TEST_RUN, -run, { needs: ["CAP_BPF"] });
  return run;
}

function runAgain(progFd: number, options: TestRunOptions): TestRunResult | number {
  for (;;) {
    const run = runOnce(progFd, options);
    if (run !== -Errno.EINTR) return run;
  }
}

function sizeOf(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : lengthOf(bytes);
}

/** The largest output buffer that a caller may request, 1 GiB. No packet or context is that large. */
const LARGEST_ROOM = 2 ** 30;

/** Calls BPF_PROG_TEST_RUN once. Returns the result of the run, or the negative errno. */
function runOnce(progFd: number, options: TestRunOptions): TestRunResult | number {
  const callBuffer = beginCall();
  const { data_in, ctx_in, ctx_in_place, data_size_out = 0, ctx_size_out = 0 } = options;
  checkRange(data_size_out, 0, LARGEST_ROOM, "data_size_out");
  checkRange(ctx_size_out, 0, LARGEST_ROOM, "ctx_size_out");
  const ctxInSize = sizeOf(ctx_in_place ?? ctx_in);
  const data = data_size_out > 0 ? placeRoom(data_size_out) : undefined;
  const ctx = ctx_size_out > 0 ? placeRoom(ctx_size_out) : undefined;
  BpfTestRunAttr.fill(callBuffer.view, 0, {
    prog_fd: progFd,
    data_in: placeBytes(data_in),
    data_size_in: sizeOf(data_in),
    data_out: data?.address ?? 0,
    data_size_out,
    ctx_in: ctx_in_place === undefined || ctxInSize === 0 ? placeBytes(ctx_in) : placeOwn(ctx_in_place),
    ctx_size_in: ctxInSize,
    ctx_out: ctx?.address ?? 0,
    ctx_size_out,
    repeat: options.repeat ?? 0,
    flags: options.flags ?? 0,
    cpu: options.cpu ?? 0,
    batch_size: options.batch_size ?? 0,
  });
  const result = tryCommand(callBuffer, BpfCmd.BPF_PROG_TEST_RUN, BpfTestRunAttr.size);
  const attr = BpfTestRunAttr.view(callBuffer.view);
  // ENOSPC: the run succeeded, but a buffer was too small (bpf_test_finish). The attr contains the needed sizes.
  const cut = result === -Errno.ENOSPC && (attr.data_size_out > data_size_out || attr.ctx_size_out > ctx_size_out);
  if (result < 0 && !cut) return result;
  return {
    retval: attr.retval,
    duration: attr.duration,
    data_out: data?.bytes.slice(0, attr.data_size_out),
    data_size_out: attr.data_size_out,
    ctx_out: ctx?.bytes.slice(0, attr.ctx_size_out),
    ctx_size_out: attr.ctx_size_out,
  };
}
