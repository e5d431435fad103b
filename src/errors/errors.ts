import { Errno, errnoName, errnoText } from "./errno.ts";

/** The base of every error that bpfts throws on purpose. `code` tells the kinds apart without `instanceof`. */
export class BpfError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** Where in which input a {@link FormatError} was found. */
export interface FormatPlace {
  /** The file or the piece of it, for instance `counter.bpf.o` or `.BTF`. */
  readonly source: string;
  /** Byte offset into {@link source}, where one is known. */
  readonly offset?: number | undefined;
}

/** The input's bytes do not follow their format: truncated, out of bounds, contradictory or unsupported. */
export class FormatError extends BpfError {
  /** The file or section that is at fault. */
  readonly source: string;
  /** Byte offset into `source`, or undefined where the fault has no single place. */
  readonly offset: number | undefined;
  /** The fault without its place. */
  readonly problem: string;
  constructor(place: FormatPlace, problem: string, options?: ErrorOptions) {
    const where = place.offset === undefined ? place.source : `${place.source} at offset ${hexOffset(place.offset)}`;
    super("FORMAT", `${where}: ${problem}`, options);
    this.source = place.source;
    this.offset = place.offset;
    this.problem = problem;
  }
}

/** A system call failed. The errno is never lost; `hint` says what to do where that is known. */
export class SyscallError extends BpfError {
  /** What was called, for instance `bpf(BPF_MAP_CREATE)`. */
  readonly call: string;
  /** The positive errno. */
  readonly errno: number;
  /** Its name, such as `EPERM`. */
  readonly errnoName: string;
  /** What the call was about, which begins the message; undefined where the call says enough. */
  readonly subject: string | undefined;
  /** What to do about it, one sentence without a full stop, or undefined. */
  readonly hint: string | undefined;
  /** With a `reason`, what the errno means here, the message needs neither the call nor the errno's text. */
  constructor(
    data: {
      call: string;
      errno: number;
      subject?: string | undefined;
      hint?: string | undefined;
      reason?: string | undefined;
    },
    options?: ErrorOptions,
  ) {
    const name = errnoName(data.errno);
    const subject = data.subject === undefined ? "" : `${data.subject}: `;
    const hint = data.hint ?? errnoHint(data.errno);
    const clause = hint === undefined ? "" : `; ${hint}`;
    const reason = data.reason ?? `${data.call}: ${errnoText(data.errno)} (${name})`;
    super("SYSCALL", `${subject}${reason}${clause}`, options);
    this.call = data.call;
    this.errno = data.errno;
    this.errnoName = name;
    this.subject = data.subject;
    this.hint = hint;
  }
}

/** Returns what to do about an errno that means the same whatever was called; undefined for others. */
export function errnoHint(errno: number): string | undefined {
  return LIMITS[errno];
}

const LIMITS: Readonly<Record<number, string>> = {
  [Errno.EMFILE]: "this process has as many files open as it may; raise the limit with: ulimit -n 65536",
  [Errno.ENFILE]: "the whole machine has as many files open as it may; raise the limit with: sysctl fs.file-max=N",
};

/** The running kernel, or its configuration, lacks a feature. Found by a probe after the call had failed. */
export class NotSupportedError extends BpfError {
  /** The feature in the field's words, for instance `tcx links`. */
  readonly feature: string;
  /** The first kernel that has it, such as `6.6`; undefined where no version alone decides. */
  readonly minVersion: string | undefined;
  constructor(
    data: { feature: string; minVersion?: string | undefined; detail?: string | undefined },
    options?: ErrorOptions,
  ) {
    const since = data.minVersion === undefined ? "" : ` (Linux ${data.minVersion} or newer has it)`;
    const detail = data.detail === undefined ? "" : `: ${data.detail}`;
    super("NOT_SUPPORTED", `this kernel does not support ${data.feature}${since}${detail}`, options);
    this.feature = data.feature;
    this.minVersion = data.minVersion;
  }
}

/** The caller's arguments are wrong: a name that is not there, a value out of range, an unusable combination. */
export class UsageError extends BpfError {
  constructor(message: string, options?: ErrorOptions) {
    super("USAGE", message, options);
  }
}

/** Something that owns a kernel resource was used after its `close()`. */
export class ClosedError extends BpfError {
  constructor(what: string) {
    super("CLOSED", `${what} is closed`);
  }
}

function hexOffset(offset: number): string {
  return `0x${offset.toString(16)}`;
}
