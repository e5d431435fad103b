import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { CpioArchive } from "./cpio.ts";
import { bringForeignRoot } from "./foreign-root.ts";
import { commandText, guestInit } from "./guest-init.ts";
import type { Kernel } from "./kernels.ts";
import { loadOrder, MODULES, modulesBelow } from "./modules.ts";

/** The files and folders of the working tree that the tests and the command read. */
const TREE: readonly string[] = [
  "package.json",
  "README.md",
  "CHANGELOG.md",
  "docs",
  "dist",
  ".build",
  "test",
  "scripts",
  "node_modules/koffi",
  "node_modules/@koromix/koffi-linux-x64",
  "node_modules/@alexaltea/capstone-js",
  "node_modules/fast-check",
  "node_modules/pure-rand",
];

/** bpftool and its libraries. They run only on the architecture of this machine. */
const PEERS: readonly string[] = [".cache/peers/bpftool", ".cache/peers/root"];

/** The path of the working tree in the guest. */
export const GUEST_TREE = "/work";

/**
 * Programs that tests start and that busybox does not have. They are copied from the host with their libraries, if the
 * host has them.
 */
const PROGRAMS: readonly string[] = ["ip", "tc", "unshare", "setpriv", "nsenter"];

export interface ImageOptions {
  readonly kernel: Kernel;
  readonly console: string;
  readonly command: readonly string[];
  readonly returnsFiles: boolean;
  /** Further files or folders of the working tree to copy. */
  readonly add: readonly string[];
  /** Files that replace files of the working tree. */
  readonly instead: readonly TreeFile[];
}

/** A file of the guest's working tree. */
export interface TreeFile {
  /** The path in the tree, such as `.build/test/sys/maps.test.js`. */
  readonly path: string;
  readonly text: string;
}

/** Writes the initramfs. It contains busybox, Node, the working tree in /work, the kernel's modules and the command. */
export function writeImage(path: string, { kernel, console, command, returnsFiles, add, instead }: ImageOptions): void {
  const archive = new CpioArchive(path);
  for (const folder of [
    "/proc",
    "/sys",
    "/dev",
    "/tmp",
    "/run",
    "/etc",
    "/root",
    "/out",
    "/work",
    "/sbin",
    "/usr/sbin",
  ]) {
    archive.addDirectory(folder);
  }
  archive.add("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
  archive.add("/etc/group", "root:x:0:\nnogroup:x:65534:\n");
  archive.add("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
  if (kernel.machine === "x86_64") addHostPrograms(archive);
  else addForeignPrograms(archive, bringForeignRoot(kernel.machine === "s390x" ? "s390x" : "arm64"));
  archive.add("/usr/bin/bpfts", '#!/bin/sh\nexec node /work/dist/bin/bpfts.js "$@"\n', { program: true });
  for (const { path, text } of instead) archive.add(`${GUEST_TREE}/${path}`, text);
  const peers = kernel.machine === "x86_64" ? PEERS : [];
  for (const item of [...TREE, ...peers, ...add]) if (existsSync(item)) addTree(archive, item, `${GUEST_TREE}/${item}`);
  archive.add(`/boot/config-${kernel.release}`, { file: kernel.config });

  const folder = `/lib/modules/${kernel.release}`;
  const modules = loadOrder(MODULES, modulesBelow(kernel.modules)).map((file) => {
    const target = `${folder}/${relative(kernel.modules, file)}`;
    archive.add(target, { file });
    return target;
  });
  archive.add("/command", commandText(command));
  archive.add("/init", guestInit({ console, modules, returnsFiles }), { program: true });
  archive.close();
}

function addHostPrograms(archive: CpioArchive): void {
  addProgram(archive, "busybox", "/bin/busybox");
  // busybox's shell would always run busybox's own `ip`, so use the host's shell.
  addProgram(archive, "sh", "/bin/sh");
  addProgram(archive, process.execPath, "/usr/bin/node");
  for (const program of PROGRAMS) addProgram(archive, program, `/usr/bin/${program}`);
}

function addForeignPrograms(archive: CpioArchive, root: string): void {
  archive.add("/bin/busybox", { file: join(root, "usr/bin/busybox") }, { program: true });
  archive.addLink("/bin/sh", "busybox");
  archive.add("/usr/bin/node", { file: join(root, "usr/bin/node") }, { program: true });
  addTree(archive, join(root, "usr/lib"), "/usr/lib");
  for (const name of readdirSync(join(root, "usr/lib"))) archive.addLink(`/lib/${name}`, `../usr/lib/${name}`);
  const koffi = join(root, "koffi/node_modules/@koromix/koffi-linux-arm64");
  if (existsSync(koffi)) addTree(archive, koffi, "/work/node_modules/@koromix/koffi-linux-arm64");
  addTree(archive, join(root, "usr/share/nodejs"), "/usr/share/nodejs");
}

/** Adds a program, given by path or name, and the shared libraries that it needs. */
function addProgram(archive: CpioArchive, program: string, target: string): void {
  const file = findProgram(program);
  if (file === undefined) return;
  archive.add(target, { file }, { program: true });
  for (const library of libraries(file)) archive.add(library, { file: realpathSync(library) }, { program: true });
}

function findProgram(program: string): string | undefined {
  if (program.startsWith("/")) return realpathSync(program);
  const folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  return found === undefined ? undefined : realpathSync(found);
}

function libraries(file: string): string[] {
  try {
    const text = execFileSync("ldd", [file], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return [...text.matchAll(/(\/\S+)\s+\(0x/g)].map((match) => match[1] as string);
  } catch {
    // ldd fails for a static program, which needs no libraries.
    return [];
  }
}

function addTree(archive: CpioArchive, source: string, target: string): void {
  const real = realpathSync(source);
  if (!statSync(real).isDirectory()) {
    archive.add(target, { file: real }, { program: (statSync(real).mode & 0o100) !== 0 });
    return;
  }
  archive.addDirectory(target);
  for (const name of readdirSync(real)) {
    if (basename(name).endsWith(".d.ts") || name === ".git") continue;
    const path = join(real, name);
    if (lstatSync(path).isSymbolicLink()) archive.addLink(`${target}/${name}`, readlinkSync(path));
    else addTree(archive, path, `${target}/${name}`);
  }
}
