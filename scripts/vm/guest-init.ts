/**
 * The character at the beginning of a line that /init prints for the host. No other output of the guest contains it.
 */
export const MARK = "\x1e";

/** The parts of the guest's /init that differ between runs. */
export interface GuestInit {
  /** The console that the command writes to, such as `/dev/ttyS1`. */
  readonly console: string;
  /** The paths of the modules to load, in this order. */
  readonly modules: readonly string[];
  /** True if the files that the command writes to /out are sent to the host. */
  readonly returnsFiles: boolean;
}

/**
 * Returns the script of the guest's /init, for busybox's shell. It mounts file systems, loads modules, turns on the
 * loopback device, runs the command and prints the command's exit code.
 */
export function guestInit({ console, modules, returnsFiles }: GuestInit): string {
  const mark = (text: string): string => `printf '\\036${text}\\n'`;
  const lines = [
    "#!/bin/busybox sh",
    "/bin/busybox mount -t proc proc /proc",
    "/bin/busybox mount -t sysfs sys /sys",
    "/bin/busybox mount -t devtmpfs dev /dev",
    "/bin/busybox --install -s /bin 2>/dev/null",
    "export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb TMPDIR=/tmp BPFTS_VM=1",
    "mkdir -p /dev/shm /dev/pts /run/netns /tmp /mnt",
    "chmod 1777 /tmp",
    "mount -t tmpfs shm /dev/shm",
    "mount -t devpts pts /dev/pts",
    ...modules.map((path) => `insmod ${path} || echo "insmod ${path} failed" >/dev/kmsg`),
    "mount -t bpf bpf /sys/fs/bpf",
    "mount -t tracefs tracefs /sys/kernel/tracing",
    "mount -t debugfs debugfs /sys/kernel/debug",
    "mount -t securityfs securityfs /sys/kernel/security",
    "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    "ip link set lo up",
    `stty -F ${console} raw -echo 2>/dev/null`,
    `exec >${console} 2>&1 </dev/null`,
    "read -r uptime rest </proc/uptime",
    mark("begin '$uptime'"),
    "cd /work",
    // The command runs in a new session, so processes that it leaves behind are not in the session of /init.
    "setsid /bin/sh /command",
    "code=$?",
    mark("exit '$code'"),
    ...(returnsFiles ? [mark("files"), "tar czf - -C /out . | base64", mark("end")] : []),
    "sync",
    "reboot -f",
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * Returns the script /command. A single word is a line for the shell. Several words are a program and its arguments.
 */
export function commandText(words: readonly string[]): string {
  const [only] = words;
  if (only !== undefined && words.length === 1) return `${only}\n`;
  return `exec ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ")}\n`;
}
