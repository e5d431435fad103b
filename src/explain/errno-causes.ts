import { causeSentence as cause } from "./causes.ts";

/** Causes by the name of the errno. */
export type Causes = Readonly<Record<string, readonly string[]>>;

const NEEDS_ADMIN = "Walking over the objects of other processes needs CAP_SYS_ADMIN (CAP_BPF does not suffice).";

/** The causes for each errno, whatever the command. */
export const generalCauses = (): Causes => ({
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
});

/** The causes for each errno of each command of bpf(2). The most frequent cause comes first. */
export const causesByCommand = (): Readonly<Record<string, Causes>> => ({
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
    ENOENT: [cause("noElement")],
    EPERM: [cause("writeOnlyMap"), "This map cannot be read from user space."],
  },
  BPF_MAP_UPDATE_ELEM: {
    E2BIG: [cause("mapFull"), cause("indexRange")],
    EEXIST: [cause("keyExists"), cause("arrayElementsExist")],
    ENOENT: [cause("nothingToReplace")],
    EPERM: [cause("frozen"), cause("readOnlyMap")],
    EBUSY: [cause("elementBusy")],
    EINVAL: [
      "The map does not accept this flag.",
      cause("innerMapDiffers"),
      cause("progArrayDiffers"),
      cause("deviceUnfit"),
      cause("prefixTooLong"),
    ],
    EBADF: [cause("badFdInElement")],
  },
  BPF_MAP_DELETE_ELEM: {
    ENOENT: [cause("noElement")],
    EINVAL: [cause("arrayDelete")],
    EPERM: [cause("frozen"), cause("readOnlyMap")],
  },
  BPF_MAP_GET_NEXT_KEY: { ENOENT: ["The key was the last one."] },
  BPF_MAP_FREEZE: {
    EBUSY: [cause("mappedForWriting"), "The map is frozen already."],
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
    EEXIST: [cause("alreadyAttached")],
    EBADF: ["The fd of the program or of the target is wrong."],
    ENODEV: [cause("noDevice")],
    EOPNOTSUPP: ["The driver or the hook does not support it."],
    ENOENT: ["The symbol or target does not exist."],
    EADDRNOTAVAIL: ["The kernel function may not be probed, or does not exist."],
    E2BIG: ["The hook already has the largest number of programs."],
    ESTALE: [cause("revisionChanged")],
    ERANGE: [cause("hookFull")],
  },
  BPF_PROG_ATTACH: {
    EINVAL: ["The attach type does not fit the program or the target.", "The hook does not take these flags."],
    EEXIST: [cause("alreadyAttached")],
    EPERM: ["A program without BPF_F_ALLOW_MULTI or BPF_F_ALLOW_OVERRIDE holds the cgroup or an ancestor."],
    EBADF: ["The target's fd is not of the kind that the attach type needs."],
  },
  BPF_PROG_DETACH: {
    ENOENT: [cause("notAttached"), cause("neighbourMissing")],
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
  BPF_MAP_LOOKUP_AND_DELETE_ELEM: {
    ENOENT: [cause("noElement"), "The queue or stack is empty."],
    EPERM: [cause("frozen"), cause("readOnlyMap"), cause("writeOnlyMap")],
    ENOTSUPP: ["Elements of this map type cannot be looked up and deleted in one step; hashes can since Linux 5.14."],
    EINVAL: ["The value has the wrong size, or this map type does not accept the flags."],
  },
  BPF_MAP_LOOKUP_BATCH: {
    ENOENT: ["The walk has reached the end of the map. The elements that were read are valid."],
    ENOTSUPP: ["This map type has no batch operations in this kernel."],
    ENOSPC: ["A bucket of the hash has more elements than the buffer has room for; give a larger count."],
    EFAULT: ["An address that was passed is not readable or writable."],
    EPERM: [cause("writeOnlyMap")],
  },
  BPF_MAP_LOOKUP_AND_DELETE_BATCH: {
    ENOENT: ["The walk has reached the end of the map. The elements that were read are valid."],
    ENOTSUPP: ["This map type has no batch operations in this kernel."],
    ENOSPC: ["A bucket of the hash has more elements than the buffer has room for; give a larger count."],
    EPERM: [cause("frozen"), cause("readOnlyMap"), cause("writeOnlyMap")],
  },
  BPF_MAP_UPDATE_BATCH: {
    E2BIG: [cause("mapFull"), cause("indexRange")],
    EEXIST: [cause("keyExists")],
    ENOTSUPP: ["This map type has no batch operations in this kernel."],
    EPERM: [cause("frozen"), cause("readOnlyMap")],
  },
  BPF_MAP_DELETE_BATCH: {
    ENOENT: [cause("noElement")],
    ENOTSUPP: ["This map type has no batch operations in this kernel."],
    EPERM: [cause("frozen"), cause("readOnlyMap")],
  },
  BPF_PROG_GET_NEXT_ID: { ENOENT: ["There is no program with a higher id."], EPERM: [NEEDS_ADMIN] },
  BPF_MAP_GET_NEXT_ID: { ENOENT: ["There is no map with a higher id."], EPERM: [NEEDS_ADMIN] },
  BPF_BTF_GET_NEXT_ID: { ENOENT: ["There is no BTF with a higher id."], EPERM: [NEEDS_ADMIN] },
  BPF_LINK_GET_NEXT_ID: { ENOENT: ["There is no link with a higher id."], EPERM: [NEEDS_ADMIN] },
  BPF_PROG_GET_FD_BY_ID: { ENOENT: ["No program has this id (any more)."], EPERM: [NEEDS_ADMIN] },
  BPF_MAP_GET_FD_BY_ID: {
    ENOENT: ["No map has this id (any more)."],
    EPERM: [NEEDS_ADMIN],
    EACCES: ["The map may not be opened with this access: it was created with BPF_F_RDONLY or BPF_F_WRONLY."],
  },
  BPF_BTF_GET_FD_BY_ID: { ENOENT: ["No BTF has this id (any more)."], EPERM: [NEEDS_ADMIN] },
  BPF_LINK_GET_FD_BY_ID: {
    ENOENT: ["No link has this id (any more)."],
    EAGAIN: ["The link is being created; try again."],
    EPERM: [NEEDS_ADMIN],
  },
  BPF_OBJ_GET_INFO_BY_FD: {
    EINVAL: ["The fd is of no kind that has info, or a pointer or length in the info is wrong."],
    E2BIG: ["The buffer is longer than this kernel's info, and the rest is not zero."],
    EBADF: ["The fd is closed."],
    EFAULT: ["A buffer that the info points to is not writable."],
  },
  BPF_PROG_QUERY: {
    EINVAL: ["The target has no hook of this attach type.", "This kernel does not know the attach type."],
    ENOSPC: ["The array for the ids is too small; the count that the kernel returned is right."],
    EBADF: ["The target's fd is not of the kind that the attach type needs."],
    ENODEV: [cause("noDevice")],
    EPERM: ["Queries need CAP_NET_ADMIN."],
  },
  BPF_TASK_FD_QUERY: {
    ENOENT: ["There is no process with this id."],
    EBADF: ["The process has no such fd."],
    EOPNOTSUPP: ["The fd is not a perf event or raw tracepoint with a program."],
    ENOSPC: ["The buffer for the name is too small; the name was cut."],
    EPERM: [NEEDS_ADMIN],
  },
  BPF_ENABLE_STATS: {
    EPERM: [NEEDS_ADMIN],
    EINVAL: ["This kernel does not know this type of statistics."],
    EBUSY: ["Too many fds keep the statistics enabled."],
  },
  BPF_PROG_BIND_MAP: {
    EINVAL: ["A flag is set; this command has none."],
    EBADF: ["The fd of the program or of the map is wrong."],
  },
  BPF_PROG_STREAM_READ_BY_FD: {
    ENOENT: ["The program has no stream with this number: 1 is standard output, 2 is standard error."],
    EINVAL: ["A field that must be 0 is not."],
  },
  BPF_PROG_ASSOC_STRUCT_OPS: {
    EINVAL: ["The map is not a struct_ops map, or the program itself is a struct_ops program."],
    EBUSY: ["The program is associated with another struct_ops map already."],
  },
  BPF_LINK_DETACH: { EOPNOTSUPP: ["Links of this kind cannot be detached; close or unpin them."] },
});
