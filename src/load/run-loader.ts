import { BtfKind } from "../btf/index.ts";
import { Errno, errnoText, NotSupportedError, SyscallError, UsageError } from "../errors/index.ts";
import type { KernelBtf } from "../kernel/index.ts";
import { feature, programTooNew } from "../kernel/index.ts";
import type { LoaderProgram, MapHashPlace } from "../object/index.ts";
import {
  closeFd,
  mapCreate,
  mapFreeze,
  mapHash,
  mapUpdateElem,
  type ProgLoadOptions,
  progLoadError,
  progTestRun,
  SESSION_KEYRING,
  tryProgLoad,
} from "../sys/index.ts";
import { BpfMapType, BpfProgFlag, BpfProgType } from "../uapi/index.ts";
import { isShortage } from "./load-program.ts";
import { type LoaderSignature, sha256 } from "./sign/loader-signature.ts";

/** The fds that a loader program made. The caller must close them. */
export interface LoaderResult {
  readonly maps: readonly number[];
  readonly programs: readonly number[];
}

/** The error of a failed step of a loader program. The loader program has closed everything that it made. */
export class LoaderError extends SyscallError {
  /** The index of the step in `LoaderProgram.steps`. */
  readonly step: number;
  constructor(step: number, subject: string, errno: number) {
    super({ call: "the loader program", errno, subject });
    this.step = step;
  }
}

const LOG_SIZE = 1 << 16;

/**
 * Loads a loader program and runs it. `given` has the fds of maps that exist already, by their index in the plan. The
 * loader program owns these fds and closes them if it fails. `describe` returns the text of a step.
 */
export function runLoader(
  loader: LoaderProgram,
  given: ReadonlyMap<number, number>,
  describe: (step: number) => string,
  signature?: LoaderSignature,
): LoaderResult {
  const context = new Uint8Array(loader.contextSize);
  const view = new DataView(context.buffer);
  for (const [map, fd] of given) view.setUint32(loader.mapOffsets[map] as number, fd, true);
  const program = loadLoader(loader, signature);
  let returned: number;
  try {
    returned = progTestRun(program, { ctx_in_place: context }).retval | 0;
  } finally {
    closeFd(program);
  }
  if (returned < 0) {
    const step = view.getUint32(loader.stepOffset, true);
    throw new LoaderError(step, describe(step), -returned);
  }
  const fdAt = (offset: number): number => view.getUint32(offset, true);
  return { maps: loader.mapOffsets.map(fdAt), programs: loader.programOffsets.map(fdAt) };
}

const SIGNATURES_SINCE = feature("prog:signature").since;

/**
 * Returns the offset of a map's hash in the kernel's struct bpf_map. Throws NotSupportedError if the struct has no
 * hash.
 */
export function mapHashPlace(kernel: KernelBtf): MapHashPlace {
  const { main } = kernel;
  const id = main.find("bpf_map", BtfKind.STRUCT);
  const type = id === undefined ? undefined : main.type(id);
  const members = type?.kind === "struct" ? type.members : [];
  const offsetOf = (name: string): number | undefined => {
    const member = members.find((one) => one.name === name);
    return member === undefined ? undefined : member.bitOffset / 8;
  };
  const sha = offsetOf("sha");
  if (sha === undefined)
    throw new NotSupportedError({ feature: "signed loader programs", minVersion: SIGNATURES_SINCE });
  return { sha, excl: offsetOf("excl") };
}

/** Makes the error for a signed loader program that the kernel refused to load. */
function signatureRefused(load: ProgLoadOptions, errno: number): SyscallError {
  const { call } = progLoadError(load, errno);
  return new SyscallError({ call, errno, subject: "the signed loader program", hint: SIGNATURE_HINTS[errno] });
}

const SIGNATURE_HINTS: Readonly<Record<number, string>> = {
  [Errno.EOPNOTSUPP]: "this kernel was built without CONFIG_SYSTEM_DATA_VERIFICATION, so it cannot check signatures",
  [Errno.E2BIG]: `signed programs need Linux ${SIGNATURES_SINCE}`,
  [Errno.ENOKEY]: "the certificate's key is not in the session keyring",
  [Errno.EKEYREJECTED]: "the signature was not made with the certificate's key",
  [Errno.EBADMSG]: "the kernel cannot parse the signature",
};

/** Loads the loader program and puts its data into a map. Returns the program's fd. */
function loadLoader({ instructions, data }: LoaderProgram, signature: LoaderSignature | undefined): number {
  const map = mapCreate({
    map_type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    key_size: 4,
    value_size: data.length,
    max_entries: 1,
    map_name: "loader_data",
    // No other program may use the map. So nobody can change the data after the loader program has checked it.
    ...(signature === undefined ? {} : { excl_prog_hash: sha256(instructions) }),
  });
  try {
    mapUpdateElem(map, new Uint8Array(4), data);
    mapFreeze(map);
    // This call makes the kernel compute the hash, which the loader program then compares.
    if (signature !== undefined) mapHash(map);
    const load = {
      prog_type: BpfProgType.BPF_PROG_TYPE_SYSCALL,
      insns: instructions,
      prog_flags: BpfProgFlag.BPF_F_SLEEPABLE,
      prog_name: "loader",
      fd_array: [map],
      ...(signature === undefined ? {} : { signature: signature.bytes, keyring_id: SESSION_KEYRING }),
    };
    const { fd, errno } = signature === undefined ? tryProgLoad(load) : signature.withKey(() => tryProgLoad(load));
    if (fd !== undefined) return fd;
    if (signature !== undefined) throw signatureRefused(load, errno);
    const { log, fd: second } = tryProgLoad({ ...load, log: { size: LOG_SIZE } });
    if (second !== undefined) return second;
    const error = progLoadError(load, errno);
    const line = log.trimEnd().split("\n").at(-2)?.trim();
    if (line === undefined || line === "" || isShortage(errno)) throw programTooNew(load, error) ?? error;
    throw new UsageError(`the kernel refuses the loader program: ${errnoText(errno)}: ${line}`, { cause: error });
  } finally {
    closeFd(map);
  }
}
