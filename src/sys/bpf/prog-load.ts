import { Errno, type SyscallError, UsageError } from "../../errors/index.ts";
import { checkRange, decodeText } from "../../layout/index.ts";
import { BpfCmd, BpfProgLoadAttr, type BpfProgType } from "../../uapi/index.ts";
import { beginCall, placeBytes, placeOwn, placeText, placeU32s } from "../call-buffer.ts";
import { lengthOf } from "../ffi.ts";
import { raiseMemlock } from "../memlock.ts";
import { withoutProfilingSignal } from "../profiling-signal.ts";
import { commandError, tryCommand } from "./command.ts";
import { objectName } from "./object-name.ts";
import { tokenFields } from "./token.ts";

/** The attributes of BPF_PROG_LOAD, by the kernel's names. */
export interface ProgLoadOptions {
  readonly prog_type: BpfProgType;
  /** Encoded instructions in the machine's byte order. */
  readonly insns: Uint8Array;
  /** The license. Default: `GPL`. Programs under other licenses may not call many of the helpers. */
  readonly license?: string | undefined;
  /** The name. It is cut to 15 bytes, and bytes that the kernel does not allow in a name become `_`. */
  readonly prog_name?: string | undefined;
  readonly expected_attach_type?: number | undefined;
  readonly prog_flags?: number | undefined;
  readonly kern_version?: number | undefined;
  readonly prog_ifindex?: number | undefined;
  readonly prog_btf_fd?: number | undefined;
  /** Records of `func_info_rec_size` bytes (default: 8). */
  readonly func_info?: Uint8Array | undefined;
  readonly func_info_rec_size?: number | undefined;
  /** Records of `line_info_rec_size` bytes (default: 16). */
  readonly line_info?: Uint8Array | undefined;
  readonly line_info_rec_size?: number | undefined;
  /** Records of `core_relo_rec_size` bytes (default: 16), for relocation by the kernel. */
  readonly core_relos?: Uint8Array | undefined;
  readonly core_relo_rec_size?: number | undefined;
  readonly attach_btf_id?: number | undefined;
  readonly attach_prog_fd?: number | undefined;
  /**
   * The fd of the BTF that contains `attach_btf_id`, if this is a module's BTF. Give either this option or
   * `attach_prog_fd`: the kernel has one field for both.
   */
  readonly attach_btf_obj_fd?: number | undefined;
  /** The fds to which instructions refer by index. */
  readonly fd_array?: readonly number[] | Int32Array | undefined;
  /** How many maps at the start of `fd_array` to bind to the program (6.14). */
  readonly fd_array_cnt?: number | undefined;
  /** An fd of a token. Needs BPF_F_TOKEN_FD in `prog_flags` (6.9). */
  readonly prog_token_fd?: number | undefined;
  readonly signature?: Uint8Array | undefined;
  readonly keyring_id?: number | undefined;
  /**
   * Requests the verifier's log. `level` is a value of BpfLogLevel (default: 1); `size` is the size of the buffer in
   * bytes.
   */
  readonly log?: { readonly level?: number | undefined; readonly size: number } | undefined;
}

/**
 * The result of loading a program: an fd or the errno. If the caller requested the verifier's log, the result has the
 * log in both cases.
 */
export type ProgLoadResult = (
  | { readonly fd: number; readonly errno?: undefined }
  | { readonly fd?: undefined; readonly errno: number }
) & {
  readonly log: string;
  /**
   * The size of the whole log in bytes, including its NUL. If it is larger than the requested size, `log` was
   * truncated. 0 before 6.4.
   */
  readonly logTrueSize: number;
};

/** The kernel refuses longer logs (bpf_verifier_log_attr_valid: UINT_MAX >> 2). */
const MAX_LOG_SIZE = 0x3fffffff;
const ATTEMPTS = 5;

/**
 * Loads a program. Returns an errno on failure instead of throwing. Retries only after EAGAIN, which means that a
 * signal interrupted the verifier; the retry blocks the signals of profilers.
 */
export function tryProgLoad(options: ProgLoadOptions): ProgLoadResult {
  raiseMemlock();
  const first = loadOnce(options);
  return first.errno === Errno.EAGAIN ? withoutProfilingSignal(() => loadAgain(options)) : first;
}

function loadAgain(options: ProgLoadOptions): ProgLoadResult {
  for (let attempt = 2; ; attempt++) {
    const result = loadOnce(options);
    if (result.errno !== Errno.EAGAIN || attempt === ATTEMPTS) return result;
  }
}

/**
 * Loads a program and returns its fd. Throws SyscallError without the verifier's log; {@link tryProgLoad} returns the
 * log.
 */
export function progLoad(options: ProgLoadOptions): number {
  const result = tryProgLoad(options);
  if (result.fd === undefined) throw progLoadError(options, result.errno);
  return result.fd;
}

/** Returns the error for a failed load. Its hint names the capabilities that this type of program needs. */
export function progLoadError(options: ProgLoadOptions, errno: number): SyscallError {
  const { prog_type, prog_name } = options;
  return commandError(BpfCmd.BPF_PROG_LOAD, errno, {
    progType: prog_type,
    memlock: true,
    ...(prog_name === undefined ? {} : { subject: `program "${prog_name}"` }),
  });
}

function loadOnce(options: ProgLoadOptions): ProgLoadResult {
  const { insns, func_info, line_info, core_relos, fd_array, signature } = options;
  const length = lengthOf(insns);
  if (length === 0 || length % 8 !== 0) {
    throw new UsageError(`the instructions have ${length} bytes, which is not a multiple of 8`);
  }
  const log = options.log === undefined ? undefined : new Uint8Array(checkedLogSize(options.log.size));
  const { flags, tokenFd } = tokenFields(options.prog_flags, options.prog_token_fd);
  const callBuffer = beginCall();
  BpfProgLoadAttr.fill(callBuffer.view, 0, {
    prog_type: options.prog_type,
    expected_attach_type: options.expected_attach_type ?? 0,
    prog_flags: flags,
    kern_version: options.kern_version ?? 0,
    prog_ifindex: options.prog_ifindex ?? 0,
    prog_btf_fd: options.prog_btf_fd ?? 0,
    attach_btf_id: options.attach_btf_id ?? 0,
    fd_array_cnt: options.fd_array_cnt ?? 0,
    prog_token_fd: tokenFd,
    keyring_id: options.keyring_id ?? 0,
    prog_name: objectName(options.prog_name),
    insns: placeBytes(insns),
    insn_cnt: length / 8,
    license: placeText(options.license ?? "GPL"),
    ...records("func_info", func_info, options.func_info_rec_size ?? 8),
    ...records("line_info", line_info, options.line_info_rec_size ?? 16),
    ...records("core_relo", core_relos, options.core_relo_rec_size ?? 16),
    attach_prog_fd: options.attach_prog_fd ?? options.attach_btf_obj_fd ?? 0,
    fd_array: placeU32s(fd_array === undefined ? undefined : Array.from(fd_array)),
    signature: placeBytes(signature),
    signature_size: signature === undefined ? 0 : lengthOf(signature),
    ...(log === undefined ? {} : { log_level: options.log?.level ?? 1, log_size: log.length, log_buf: placeOwn(log) }),
  });
  const result = tryCommand(callBuffer, BpfCmd.BPF_PROG_LOAD, BpfProgLoadAttr.size);
  const outcome = {
    log: log === undefined ? "" : logText(log),
    logTrueSize: callBuffer.view.getUint32(BpfProgLoadAttr.offsets.log_true_size, true),
  };
  return result >= 0 ? { fd: result, ...outcome } : { errno: -result, ...outcome };
}

/** The three fields for an array of records: address, number of records, and size of one record. */
function records(name: "func_info" | "line_info" | "core_relo", data: Uint8Array | undefined, size: number): object {
  const length = data === undefined ? 0 : lengthOf(data);
  if (length === 0) return {};
  if (length % size !== 0)
    throw new UsageError(`${name} has ${length} bytes, which is not a multiple of the record size ${size}`);
  const pointer = name === "core_relo" ? "core_relos" : name;
  return { [pointer]: placeBytes(data), [`${name}_cnt`]: length / size, [`${name}_rec_size`]: size };
}

/** Returns the size if the kernel accepts it for the log of a program or BTF. Throws UsageError otherwise. */
export function checkedLogSize(size: number): number {
  return checkRange(size, 1, MAX_LOG_SIZE, "log.size");
}

const decoder = new TextDecoder();

/** Returns the text of the log up to its NUL. */
export function logText(log: Uint8Array): string {
  const end = log.indexOf(0);
  return end < 64 && end >= 0 ? decodeText(log, 0, end) : decoder.decode(log.subarray(0, end < 0 ? log.length : end));
}
