import type { Diagnosis } from "./diagnosis.ts";
import { Errno, errnoName, errnoText } from "./errno.ts";
import { lacksFeature } from "./lacks-feature.ts";

/** Options of every error. */
export interface BpfErrorOptions extends ErrorOptions {
  /** Makes the diagnosis. It is called when {@link BpfError.diagnosis} is read for the first time. */
  readonly diagnose?: (() => Diagnosis | undefined) | undefined;
}

/**
 * The base of every error that bpfts throws on purpose. `code` names the kind of the error, so callers need no
 * `instanceof`.
 */
export class BpfError extends Error {
  readonly code: string;
  readonly #diagnose: BpfErrorOptions["diagnose"];
  #diagnosis: Diagnosis | undefined;

  constructor(code: string, message: string, { diagnose, ...options }: BpfErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
    this.#diagnose = diagnose;
  }

  /**
   * What was refused, why, and what to do. An error without its own diagnosis has the diagnosis of its cause. Undefined
   * if bpfts knows no more than the message says. The diagnosis is made when it is read for the first time.
   */
  get diagnosis(): Diagnosis | undefined {
    this.#diagnosis ??= this.#diagnose?.() ?? (this.cause instanceof BpfError ? this.cause.diagnosis : undefined);
    return this.#diagnosis;
  }
}

/** Where the fault of a {@link FormatError} is: the name of an input, and an offset in this input. */
export interface FormatPlace {
  /** The name of the file or section, for instance `counter.bpf.o` or `.BTF`. */
  readonly source: string;
  /** Byte offset in {@link source}, if it is known. */
  readonly offset?: number | undefined;
}

/** An input breaks its format's rules: it is truncated, contradictory, unsupported or has a value out of bounds. */
export class FormatError extends BpfError {
  /** The name of the file or section that has the fault. */
  readonly source: string;
  /** Byte offset in `source`, or undefined if the fault is not at a single offset. */
  readonly offset: number | undefined;
  /** The message without the source and the offset. */
  readonly problem: string;
  constructor(place: FormatPlace, problem: string, options?: BpfErrorOptions) {
    const where = place.offset === undefined ? place.source : `${place.source} at offset ${hexOffset(place.offset)}`;
    super("FORMAT", `${where}: ${problem}`, options);
    this.source = place.source;
    this.offset = place.offset;
    this.problem = problem;
  }
}

/** A system call failed with an errno. */
export class SyscallError extends BpfError {
  /** The system call, for instance `bpf(BPF_MAP_CREATE)`. */
  readonly call: string;
  /** The positive errno. */
  readonly errno: number;
  /** The name of the errno, such as `EPERM`. */
  readonly errnoName: string;
  /**
   * The object of the call, such as `map counts`. The message begins with it. Undefined if `call` alone is clear
   * enough.
   */
  readonly subject: string | undefined;
  /** What the user can do about it: one sentence without a full stop. Undefined if nothing is known. */
  readonly hint: string | undefined;
  /** `reason` says what the errno means for this call. The message shows it in place of the call and the errno. */
  constructor(
    data: {
      call: string;
      errno: number;
      subject?: string | undefined;
      hint?: string | undefined;
      reason?: string | undefined;
    },
    options?: BpfErrorOptions,
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

/**
 * Returns what the user can do about an errno. Only for errnos with the same cause in every system call, such as
 * EMFILE; undefined for other errnos.
 */
export function errnoHint(errno: number): string | undefined {
  return LIMITS[errno];
}

const LIMITS: Readonly<Record<number, string>> = {
  [Errno.EMFILE]: "this process has reached its limit of open files; raise the limit with: ulimit -n 65536",
  [Errno.ENFILE]: "the machine has reached its limit of open files; raise the limit with: sysctl fs.file-max=N",
};

/** The running kernel is too old for a feature or was built without it. A probe finds this out after a call failed. */
export class NotSupportedError extends BpfError {
  /** The feature's usual name, for instance `tcx links`. */
  readonly feature: string;
  /** The first kernel version with this feature, such as `6.6`. Undefined if the version alone does not decide. */
  readonly minVersion: string | undefined;
  constructor(
    data: { feature: string; minVersion?: string | undefined; detail?: string | undefined },
    options?: BpfErrorOptions,
  ) {
    const since = data.minVersion === undefined ? "" : ` (Linux ${data.minVersion} or newer has it)`;
    const detail = data.detail === undefined ? "" : `: ${data.detail}`;
    super("NOT_SUPPORTED", `this kernel does not support ${data.feature}${since}${detail}`, {
      diagnose: () => lacksFeature(data.feature, data.minVersion, data.detail),
      ...options,
    });
    this.feature = data.feature;
    this.minVersion = data.minVersion;
  }
}

/** The caller's arguments are wrong: an unknown name, a value out of range, an impossible combination. */
export class UsageError extends BpfError {
  constructor(message: string, options?: BpfErrorOptions) {
    super("USAGE", message, options);
  }
}

/** An object that owns a kernel resource was used after its `close()`. */
export class ClosedError extends BpfError {
  constructor(what: string) {
    super("CLOSED", `${what} is closed`);
  }
}

function hexOffset(offset: number): string {
  return `0x${offset.toString(16)}`;
}
