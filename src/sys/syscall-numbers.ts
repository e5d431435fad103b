import { BpfError } from "../errors/index.ts";

/** Numbers of the system calls that bpfts makes itself, [x86-64, generic (arm64, riscv64)]. */
const NUMBERS = {
  bpf: [321, 280],
  clock_gettime: [228, 113],
  openat: [257, 56],
  read: [0, 63],
  write: [1, 64],
  pread64: [17, 67],
  getdents64: [217, 61],
  readlinkat: [267, 78],
  kcmp: [312, 272],
  add_key: [248, 217],
  keyctl: [250, 219],
  statx: [332, 291],
  fcntl: [72, 25],
  dup3: [292, 24],
  ioctl: [16, 29],
  mmap: [9, 222],
  munmap: [11, 215],
  mprotect: [10, 226],
  rt_sigprocmask: [14, 135],
  mount: [165, 40],
  umount2: [166, 39],
  perf_event_open: [298, 241],
  epoll_create1: [291, 20],
  epoll_ctl: [233, 21],
  epoll_pwait: [281, 22],
  prlimit64: [302, 261],
  socket: [41, 198],
  setsockopt: [54, 208],
  setns: [308, 268],
  unshare: [272, 97],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  pidfd_open: [434, 434],
  pidfd_getfd: [438, 438],
} as const;

/** A system call that bpfts makes itself. */
export type SyscallName = keyof typeof NUMBERS;

/** The number of a system call on this machine. Throws a BpfError NO_FFI on an architecture without a table. */
export function syscallNumber(name: SyscallName, arch: string = process.arch): number {
  const [x64, generic] = NUMBERS[name];
  switch (arch) {
    case "x64":
      return x64;
    case "arm64":
    case "riscv64":
      return generic;
    default:
      throw new BpfError("NO_FFI", `bpfts cannot call the kernel on ${arch}: it knows x64, arm64 and riscv64`);
  }
}
