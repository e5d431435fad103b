/** The character that begins a line of ours among the guest's output; nothing else prints it. */
export const MARK = "\x1e";

/** What the guest's first process is to do. */
export interface GuestInit {
  /** The console that the command writes to, such as `/dev/ttyS1`. */
  readonly console: string;
  /** Files of modules, in load order. */
  readonly modules: readonly string[];
  /** Whether what the command leaves in /out goes to the host. */
  readonly returnsFiles: boolean;
}

/** The guest's /init, for busybox's shell: mounts, modules, loopback, the command, its exit code. */
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
    // A session of its own: what the command leaves running ends with it.
    "setsid /bin/sh /command",
    "code=$?",
    mark("exit '$code'"),
    ...(returnsFiles ? [mark("files"), "tar czf - -C /out . | base64", mark("end")] : []),
    "sync",
    "reboot -f",
  ];
  return `${lines.join("\n")}\n`;
}

/** The text of /command: one word is a line for the shell, several are a program and its arguments. */
export function commandText(words: readonly string[]): string {
  const [only] = words;
  if (only !== undefined && words.length === 1) return `${only}\n`;
  return `exec ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ")}\n`;
}
