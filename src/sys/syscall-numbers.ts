import { BpfError } from "../errors/index.ts";

/**
 * The system calls that bpfts makes itself. Each entry has three numbers: the system call's number on x86-64, its
 * number on arm64 and riscv64, and a bit set. The bit set marks the arguments that are a C int or unsigned int; its
 * lowest bit is the first argument.
 */
const CALLS = {
  bpf: [321, 280, 0],
  clock_gettime: [228, 113, 0b1],
  openat: [257, 56, 0b101],
  read: [0, 63, 0b1],
  write: [1, 64, 0b1],
  pread64: [17, 67, 0b1],
  getdents64: [217, 61, 0b1],
  readlinkat: [267, 78, 0b1],
  kcmp: [312, 272, 0b111],
  add_key: [248, 217, 0b10000],
  keyctl: [250, 219, 0b111],
  statx: [332, 291, 0b1101],
  fcntl: [72, 25, 0b111],
  capget: [125, 90, 0],
  capset: [126, 91, 0],
  gettid: [186, 178, 0],
  dup3: [292, 24, 0b111],
  ioctl: [16, 29, 0b11],
  mmap: [9, 222, 0b11100],
  munmap: [11, 215, 0],
  mprotect: [10, 226, 0b100],
  rt_sigprocmask: [14, 135, 0b1],
  mount: [165, 40, 0],
  umount2: [166, 39, 0b10],
  perf_event_open: [298, 241, 0b1110],
  epoll_create1: [291, 20, 0b1],
  epoll_ctl: [233, 21, 0b111],
  epoll_pwait: [281, 22, 0b1101],
  prlimit64: [302, 261, 0b11],
  socket: [41, 198, 0b111],
  setsockopt: [54, 208, 0b10111],
  setns: [308, 268, 0b11],
  unshare: [272, 97, 0b1],
  fsopen: [430, 430, 0b10],
  fsconfig: [431, 431, 0b11],
  fsmount: [432, 432, 0b111],
  pidfd_open: [434, 434, 0b11],
  pidfd_getfd: [438, 438, 0b111],
} as const;

/** The name of a system call that bpfts makes itself. */
export type SyscallName = keyof typeof CALLS;

/** Returns a bit set that marks the 32-bit arguments of a system call. The lowest bit is the first argument. */
export function shortArguments(name: SyscallName): number {
  return CALLS[name][2];
}

/** Returns the number of a system call on an architecture. Throws a BpfError NO_FFI for an unsupported architecture. */
export function syscallNumber(name: SyscallName, arch: string = process.arch): number {
  const [x64, generic] = CALLS[name];
  switch (arch) {
    case "x64":
      return x64;
    case "arm64":
    case "riscv64":
      return generic;
    default:
      throw new BpfError("NO_FFI", `bpfts cannot call the kernel on ${arch}: it supports only x64, arm64 and riscv64`);
  }
}
