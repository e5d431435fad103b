import type { Btf } from "../btf/index.ts";
import { Errno, errnoName, SyscallError, UsageError } from "../errors/index.ts";
import { hasUprobeMulti, programTooNew } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import {
  attachTypeOn,
  checkProgramType,
  debugRecords,
  type ObjectSpec,
  type ProgramSpec,
  sourceAt,
} from "../object/index.ts";
import type { AttachTarget } from "../program/index.ts";
import { Program } from "../program/index.ts";
import {
  closeFd,
  OwnedFd,
  type ProgLoadOptions,
  type ProgLoadResult,
  progLoadError,
  tryProgLoad,
} from "../sys/index.ts";
import { BpfLogLevel, BpfProgFlag, BpfProgType } from "../uapi/index.ts";
import type { LoadOptions } from "./load-options.ts";
import type { ReadyInstructions } from "./relocate.ts";
import type { StructOpsRole } from "./struct-ops.ts";
import { VerifierError } from "./verifier-error.ts";

/** What {@link loadProgram} needs besides the spec of the program. */
export interface ProgramParts {
  readonly instructions: ReadyInstructions;
  /** The fd of the object's BTF in the kernel; undefined if the kernel has none. */
  readonly btf: OwnedFd | undefined;
  readonly target: AttachTarget | undefined;
  readonly role: StructOpsRole | undefined;
  readonly fdArray: readonly number[];
  /** The maps of the object. Attaching the program may need one of these. */
  readonly maps: Readonly<Record<string, BpfMap>>;
}

const FIRST_LOG = 64 * 1024;
/**
 * The largest log to request from the verifier, as in libbpf. The kernel would accept 1 GiB, but nobody reads that
 * much.
 */
const LARGEST_LOG = 16 * 1024 * 1024;

/**
 * Loads one program. Requests the verifier's log only after the kernel refused the program. Throws VerifierError or
 * SyscallError.
 */
export function loadProgram(spec: ProgramSpec, object: ObjectSpec, parts: ProgramParts, options: LoadOptions): Program {
  checkProgramType(spec);
  if (spec.type === BpfProgType.BPF_PROG_TYPE_STRUCT_OPS && parts.role === undefined) {
    throw new UsageError(`program ${spec.name} is a callback of struct_ops, but no struct_ops map refers to it`);
  }
  const { role, fdArray } = parts;
  const load: ProgLoadOptions = {
    ...programAttr(spec, object, options),
    insns: parts.instructions.bytes,
    license: object.license,
    ...parts.target,
    ...role,
    ...(fdArray.length === 0 ? {} : { fd_array: fdArray }),
    ...debugInfo(spec, parts.btf),
  };
  const { logLevel = 0 } = options;
  const first = logLevel === 0 ? tryProgLoad(load) : loadWithLog(load, logLevel);
  if (logLevel !== 0) options.onLog?.(spec.name, first.log);
  if (first.fd !== undefined) {
    return programOf(spec, new OwnedFd(first.fd, `program ${spec.name}`), parts.maps);
  }
  const second = first.log === "" ? loadWithLog(load, 1) : first;
  if (second.fd !== undefined) {
    closeFd(second.fd);
    throw new UsageError(
      `program ${spec.name} failed to load with ${errnoName(first.errno)}, but a second try, made for the verifier's log, succeeded; load the object again`,
    );
  }
  // ENOSPC means that the log did not fit. Then the errno of the first load tells why the kernel refused the program.
  const errno = second.errno === Errno.ENOSPC ? first.errno : second.errno;
  const refusal = new VerifierError({
    program: spec.name,
    errno,
    log: second.log,
    poisoned: parts.instructions.poisoned,
    lineAt: (slot) => lineAt(spec, object.btf, slot),
    object,
  });
  if (refusal.hasReason && !isShortage(errno)) throw refusal;
  const error = progLoadError(load, errno);
  throw programTooNew(load, error) ?? deviceRefuses(load, error) ?? error;
}

/**
 * True for an errno whose cause is not the program: the kernel or the process has too little memory or no free fd, or
 * signals interrupt the verifier again and again.
 */
export function isShortage(errno: number): boolean {
  return SHORTAGES.has(errno);
}

const SHORTAGES: ReadonlySet<number> = new Set([Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.EAGAIN, Errno.EINTR]);

/** Returns the fields of BPF_PROG_LOAD that depend only on the spec and the options. */
export function programAttr(spec: ProgramSpec, object: ObjectSpec, options: LoadOptions) {
  return {
    prog_type: spec.type,
    prog_name: spec.name,
    prog_flags: spec.flags,
    kern_version: object.kernelVersion,
    prog_ifindex: options.ifindex ?? spec.ifindex,
    expected_attach_type: attachTypeOn(hasUprobeMulti, spec) ?? 0,
  };
}

/** Makes a Program from the spec and the fd of a loaded program. */
export function programOf(spec: ProgramSpec, fd: OwnedFd, maps: Readonly<Record<string, BpfMap>>): Program {
  const { name, type, attachTo, sectionName } = spec;
  return new Program(fd, { name, type, attachType: attachTypeOn(hasUprobeMulti, spec), attachTo, sectionName, maps });
}

/**
 * Explains why an offloaded program was refused. A network driver that cannot run a program returns an errno but no
 * log.
 */
function deviceRefuses(load: ProgLoadOptions, error: SyscallError): SyscallError | undefined {
  const { prog_ifindex = 0, prog_flags = 0, prog_name } = load;
  if (prog_ifindex === 0 || (error.errno !== Errno.EOPNOTSUPP && error.errno !== Errno.EINVAL)) return undefined;
  const bound = (prog_flags & BpfProgFlag.BPF_F_XDP_DEV_BOUND_ONLY) !== 0;
  const what = bound ? "XDP programs that read its packets' metadata" : "offloaded programs of this type";
  return new SyscallError(
    {
      call: error.call,
      errno: error.errno,
      subject: `program "${prog_name}"`,
      hint: `the driver of the device with index ${prog_ifindex} does not accept ${what}`,
    },
    { cause: error },
  );
}

/**
 * Loads a program with a log buffer that grows until the log fits. The reason for a refusal is at the end of the log.
 * Since 6.4 the kernel reports the log's size and keeps its end. Older kernels keep the beginning, so a last load
 * requests a log that has little more than the reason.
 */
function loadWithLog(load: ProgLoadOptions, level: number): ProgLoadResult {
  for (let size = FIRST_LOG; ; ) {
    const result = tryProgLoad({ ...load, log: { level, size } });
    if (result.errno !== Errno.ENOSPC || result.logTrueSize > LARGEST_LOG) return result;
    if (size === LARGEST_LOG) {
      // At this level (5.2), the log has only statistics and the reason.
      const brief = tryProgLoad({ ...load, log: { level: BpfLogLevel.BPF_LOG_STATS, size: FIRST_LOG } });
      return { ...brief, log: `${result.log}\n${brief.log}` };
    }
    size = result.logTrueSize > size ? result.logTrueSize : Math.min(size * 8, LARGEST_LOG);
  }
}

/** Returns the source line of an instruction as `file.c:12: source text`. */
function lineAt(spec: ProgramSpec, btf: Btf | undefined, slot: number): string | undefined {
  const place = sourceAt(spec, btf, slot);
  if (place === undefined) return undefined;
  return `${place.file.slice(place.file.lastIndexOf("/") + 1)}:${place.line}: ${place.source}`;
}

/**
 * Returns the fields of BPF_PROG_LOAD with function and line records. Returns none without BTF, or if a function has no
 * type.
 */
function debugInfo(spec: ProgramSpec, btf: OwnedFd | undefined): Partial<ProgLoadOptions> {
  return btf === undefined ? {} : { prog_btf_fd: btf.number, ...debugRecords(spec) };
}
