import { readdirSync } from "node:fs";

const DIRECTORY = "/sys/kernel/btf";

/** The file with the raw BTF of the kernel, or of one of its modules (5.11). It need not be there. */
export function kernelBtfPath(module = "vmlinux"): string {
  return `${DIRECTORY}/${module}`;
}

/** The modules that have BTF, sorted by name; none where the kernel was built without. */
export function kernelBtfModules(): string[] {
  try {
    return readdirSync(DIRECTORY)
      .filter((name) => name !== "vmlinux")
      .sort();
  } catch {
    return [];
  }
}
