import { Errno, errnoName, errnoText } from "../errors/index.ts";
import { ownValue } from "../layout/index.ts";
import { BpfCmd } from "../uapi/index.ts";

/** What an errno of a bpf(2) command means. */
export interface ErrnoExplanation {
  /** The command: `BPF_MAP_CREATE`. */
  readonly call: string;
  readonly errno: number;
  /** The name of the errno, such as `EINVAL`. */
  readonly name: string;
  /** The C library's text for the errno. */
  readonly text: string;
  /** The causes that are known for this command, the most frequent one first; else those of the errno in general. */
  readonly causes: readonly string[];
  /** True if the causes are those of this command. */
  readonly isSpecific: boolean;
}

type Causes = Readonly<Record<string, readonly string[]>>;

/** The causes for each errno, whatever the command. */
const GENERAL: Causes = {
  EPERM: [
    "The process lacks a capability: CAP_BPF, and CAP_PERFMON for tracing or CAP_NET_ADMIN for networking.",
    "The sysctl kernel.unprivileged_bpf_disabled forbids bpf(2) to users without CAP_BPF.",
    "A security module, lockdown or a container's seccomp profile refuses the call.",
  ],
  EACCES: [
    "The file or object may not be opened with these rights.",
    "The verifier refused the program; its log says why.",
  ],
  EINVAL: ["A field has a value that the kernel does not accept, or the kernel is too old for it."],
  ENOENT: ["The object, element or name does not exist (any more)."],
  EEXIST: ["Something with this name or key exists already."],
  EBADF: ["The fd is not open, or not of the kind that the command needs."],
  EFAULT: ["An address that was passed is not readable or writable."],
  EBUSY: ["The object that the command needs is in use."],
  ENOMEM: ["The kernel, or the memory limit of the cgroup, has too little memory."],
  E2BIG: ["A size or count is larger than the kernel accepts, or the attr is larger than this kernel knows."],
  ENOSPC: ["A buffer or a table is too small for what it has to hold."],
  EOPNOTSUPP: ["This object or this kernel does not support the operation."],
  ENOTSUPP: ["The kernel was built without this feature, or the machine's JIT does not support it."],
  EAGAIN: ["A signal interrupted the verifier; try again."],
  EINTR: ["A signal interrupted the call; try again."],
  ENOSYS: ["The kernel was built without CONFIG_BPF_SYSCALL."],
  ENODEV: ["The device or the kind of attachment does not exist in this kernel or network namespace."],
  ESRCH: ["The process, symbol or type does not exist."],
  EMFILE: ["The process has too many open files: raise the limit (ulimit -n)."],
  ENFILE: ["The system has too many open files."],
};

const BY_COMMAND: Readonly<Record<string, Causes>> = {
  BPF_MAP_CREATE: {
    EINVAL: [
      "key_size, value_size, max_entries or map_flags do not fit the map's type.",
      "This kernel does not know the map type or a flag.",
      "The BTF of key or value does not fit their sizes.",
    ],
    EPERM: [
      "Most map types need CAP_BPF; some need CAP_NET_ADMIN or CAP_SYS_ADMIN as well.",
      "Before Linux 5.11: the limit for locked memory is too low (ulimit -l).",
    ],
    E2BIG: ["max_entries times the size of an element is too large for this map type."],
    ENOMEM: ["There is not enough memory for max_entries elements: lower it, or set BPF_F_NO_PREALLOC."],
  },
  BPF_MAP_LOOKUP_ELEM: {
    ENOENT: ["The map has no element with this key."],
    EPERM: ["The map was opened write-only, or may not be read from user space."],
  },
  BPF_MAP_UPDATE_ELEM: {
    E2BIG: ["The map is full, or the index is not below max_entries."],
    EEXIST: ["BPF_NOEXIST was given, and the key exists. Elements of arrays always exist."],
    ENOENT: ["BPF_EXIST was given, and the key does not exist."],
    EPERM: ["The map is frozen, or was opened read-only."],
    EBUSY: ["The map is in use by an operation that excludes this one."],
    EINVAL: ["A flag is not known, or the value refers to an object that does not fit the map."],
  },
  BPF_MAP_DELETE_ELEM: {
    ENOENT: ["The map has no element with this key."],
    EINVAL: ["Elements of arrays cannot be deleted."],
    EPERM: ["The map is frozen, or was opened read-only."],
  },
  BPF_MAP_GET_NEXT_KEY: { ENOENT: ["The key was the last one."] },
  BPF_MAP_FREEZE: {
    EBUSY: ["The map is frozen already, or a writable mapping of it exists."],
    ENOTSUPP: ["This map type cannot be frozen."],
  },
  BPF_PROG_LOAD: {
    EACCES: ["The verifier refused the program; its log says why: bpfts explain FILE."],
    EINVAL: [
      "The verifier refused the program, or a field does not fit: type, expected_attach_type, attach_btf_id, license, flags.",
      "This kernel does not know the program type or an instruction.",
    ],
    EPERM: [
      "Programs need CAP_BPF, tracing types CAP_PERFMON as well, networking types CAP_NET_ADMIN as well.",
      "The program uses a GPL-only helper without a GPL license, or is too large for a user without privileges.",
    ],
    E2BIG: ["The program has too many instructions, or the verifier's budget of a million instructions is used up."],
    ENOSPC: ["The log buffer is too small for the verifier's log."],
    EFAULT: ["The verifier detected an internal error, or an address in the attr is wrong."],
    ENOTSUPP: ["The program needs the JIT, but the JIT is off or does not support an instruction or kfunc."],
    ESRCH: ["The function or type to attach to does not exist in the kernel's BTF."],
  },
  BPF_OBJ_PIN: {
    EEXIST: ["The path exists already."],
    EPERM: ["The directory is not on a bpffs."],
    ENOENT: ["A directory of the path does not exist."],
    EACCES: ["The directory may not be written."],
  },
  BPF_OBJ_GET: {
    ENOENT: ["Nothing is pinned at the path."],
    EACCES: ["The file is no pinned object, or may not be opened with these rights."],
  },
  BPF_LINK_CREATE: {
    EINVAL: [
      "The attach type does not fit the program, or a field of the link's kind is wrong.",
      "This kernel does not know the kind of link or a flag.",
    ],
    EBUSY: ["Another program holds the hook, and it takes only one."],
    EEXIST: ["The program is attached there already."],
    EBADF: ["The fd of the program or of the target is wrong."],
    ENODEV: ["The device does not exist in this network namespace."],
    EOPNOTSUPP: ["The driver or the hook does not support it."],
    ENOENT: ["The symbol or target does not exist."],
    EADDRNOTAVAIL: ["The kernel function may not be probed, or does not exist."],
    E2BIG: ["The hook already has the largest number of programs."],
    ESTALE: ["The list of programs changed since expected_revision was read."],
  },
  BPF_PROG_ATTACH: {
    EINVAL: ["The attach type does not fit the program or the target.", "The hook does not take these flags."],
    EEXIST: ["The program is attached there already."],
    EPERM: ["A program without BPF_F_ALLOW_MULTI or BPF_F_ALLOW_OVERRIDE holds the cgroup or an ancestor."],
    EBADF: ["The target's fd is not of the kind that the attach type needs."],
  },
  BPF_PROG_DETACH: {
    ENOENT: ["No such program is attached there."],
    EINVAL: ["The attach type does not fit the target."],
  },
  BPF_PROG_TEST_RUN: {
    ENOTSUPP: ["Programs of this type cannot be run this way."],
    EINVAL: ["The data is too short for this type, or a field does not fit it."],
    ENOSPC: ["data_out is too small for the output."],
  },
  BPF_RAW_TRACEPOINT_OPEN: {
    ENOENT: ["There is no tracepoint of this name."],
    EINVAL: ["The program's type does not fit, or it was loaded for another target."],
    EBUSY: ["The function already has the largest number of programs."],
  },
  BPF_BTF_LOAD: {
    EINVAL: ["The BTF is not valid, or has kinds that this kernel does not know; the log says which."],
    EPERM: ["Loading BTF needs CAP_BPF."],
    E2BIG: ["The BTF is larger than 16 MiB."],
  },
  BPF_ITER_CREATE: { EINVAL: ["The link is not the link of an iterator."] },
  BPF_TOKEN_CREATE: {
    EPERM: ["Tokens exist only inside a user namespace, and need CAP_BPF in it."],
    ENOENT: ["The bpffs was mounted without delegate_… options."],
    EOPNOTSUPP: ["The bpffs belongs to the first user namespace, where tokens are not needed."],
  },
  BPF_LINK_UPDATE: {
    EPERM: ["The link's current program is not the expected old one."],
    EINVAL: ["Links of this kind cannot be updated, or the program's type does not fit."],
  },
  BPF_LINK_DETACH: { EOPNOTSUPP: ["Links of this kind cannot be detached; close or unpin them."] },
};

/**
 * Explains the errno of a bpf(2) command. `call` is the command's name, with or without `BPF_`, in upper or lower case.
 * `errno` is a name or a number. Returns undefined if there is no such command or errno.
 */
export function explainErrno(call: string, errno: string): ErrnoExplanation | undefined {
  const command = `BPF_${call.toUpperCase().replace(/^BPF_/, "")}`;
  const number = errnoNumber(errno);
  if (!Object.hasOwn(BpfCmd, command) || number === undefined) return undefined;
  const name = errnoName(number);
  const specific = ownValue(ownValue(BY_COMMAND, command), name);
  return {
    call: command,
    errno: number,
    name,
    text: errnoText(number),
    causes: specific ?? ownValue(GENERAL, name) ?? [],
    isSpecific: specific !== undefined,
  };
}

function errnoNumber(word: string): number | undefined {
  const digits = /^-?(\d{1,3})$/.exec(word)?.[1];
  if (digits !== undefined) {
    const number = Number(digits);
    return errnoName(number).startsWith("E") ? number : undefined;
  }
  return ownValue<number>(Errno, word.toUpperCase());
}
