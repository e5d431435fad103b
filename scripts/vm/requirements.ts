import { spawnSync } from "node:child_process";
import type { Kernel } from "./kernels.ts";

const PACKAGES: Readonly<Record<string, string>> = {
  "qemu-system-x86_64": "qemu-system-x86",
  "qemu-system-s390x": "qemu-system-misc",
  "qemu-system-aarch64": "qemu-system-arm",
  "qemu-s390x": "qemu-user",
  busybox: "busybox-static",
  ip: "iproute2",
  setpriv: "util-linux",
  xz: "xz-utils",
  ldd: "libc-bin",
  "apt-get": "apt",
  "dpkg-deb": "dpkg",
};

/** Throws an error that says what to install if a program is missing. */
export function requirePrograms(machines: readonly Kernel["machine"][], others: readonly string[] = []): void {
  const emulators = machines.map((machine) => `qemu-system-${machine}`);
  const missing = [
    ...new Set([...emulators, ...others, "busybox", "ip", "setpriv", "xz", "ldd", "apt-get", "dpkg-deb"]),
  ].filter((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
  if (missing.length === 0) return;
  const packages = missing.map((program) => PACKAGES[program] ?? program);
  throw new Error(
    `these programs are missing: ${missing.join(", ")}; install them with: apt-get install ${packages.join(" ")}`,
  );
}
