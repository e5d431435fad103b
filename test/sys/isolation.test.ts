import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const SYS = import.meta.resolve("bpfts/sys");

function node(before: readonly string[], script: string): string {
  const [command = process.execPath, ...args] = [...before, process.execPath, "--input-type=module", "-e", script];
  return execFileSync(command, args, { encoding: "utf8" }).trim();
}

/** Other tests' mounts, which the new namespace has copies of, go away by themselves when their directory is removed. */
const UNMOUNT_ALL =
  'for (const path of bpffsMounts()) try { unmount(path); } catch (error) { if (error.errnoName !== "ENOENT" && error.errnoName !== "EINVAL") throw error; }';

test("a bpffs is found, or mounted at its standard place", () => {
  // In a mount namespace of its own, so that the machine keeps what it has.
  const text = node(
    ["unshare", "--mount"],
    `const { ensureBpffs, isBpffs, bpffsMounts, unmount } = await import("${SYS}");
    ${UNMOUNT_ALL}
    const first = ensureBpffs();
    console.log(first, isBpffs(first), ensureBpffs() === first, bpffsMounts().length);`,
  );
  assert.equal(text, "/sys/fs/bpf true true 1");
});

test("a bpffs elsewhere is taken before one is mounted", () => {
  const text = node(
    ["unshare", "--mount"],
    `const { ensureBpffs, isBpffs, bpffsMounts, mountBpffs, unmount } = await import("${SYS}");
    ${UNMOUNT_ALL}
    mountBpffs("/mnt");
    console.log(ensureBpffs(), isBpffs("/sys/fs/bpf"));`,
  );
  assert.equal(text, "/mnt false");
});

test("a worker enters another network namespace, and the process stays where it is", () => {
  const text = node(
    [],
    `import { Worker } from "node:worker_threads";
    import { readlinkSync } from "node:fs";
    const script = \`
      import { readlinkSync } from "node:fs";
      import { parentPort } from "node:worker_threads";
      const { unshare, setNamespace, Namespace } = await import("${SYS}");
      const { openSync } = await import("node:fs");
      const before = readlinkSync("/proc/thread-self/ns/net");
      const home = openSync("/proc/thread-self/ns/net", "r");
      unshare(Namespace.CLONE_NEWNET);
      const inside = readlinkSync("/proc/thread-self/ns/net");
      setNamespace(home, Namespace.CLONE_NEWNET);
      parentPort.postMessage([before !== inside, before === readlinkSync("/proc/thread-self/ns/net")]);\`;
    const before = readlinkSync("/proc/self/ns/net");
    const worker = new Worker(new URL("data:text/javascript," + encodeURIComponent(script)));
    worker.once("message", (message) => console.log(message.join(), before === readlinkSync("/proc/self/ns/net")));`,
  );
  assert.equal(text, "true,true true");
});

test("without koffi the error says so, and only when the kernel is called", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "bpfts-no-koffi-"));
  t.after(() => rmSync(directory, { recursive: true }));
  // Folders above may have a koffi and its binary: these come before them, and do not load.
  const binary = `@koromix/koffi-${process.platform}-${process.arch}`;
  for (const name of ["koffi", binary]) {
    mkdirSync(join(directory, "node_modules", name), { recursive: true });
    writeFileSync(join(directory, "node_modules", name, "index.js"), 'throw new Error("no koffi");');
  }
  cpSync(fileURLToPath(new URL("../../src", import.meta.url)), join(directory, "src"), { recursive: true });
  const text = node(
    [],
    `const { mapCreate, kernelVersion } = await import("${pathToFileURL(join(directory, "src/sys/index.js")).href}");
    kernelVersion();
    try { mapCreate({ map_type: 2 }); } catch (error) { console.log(error.code, error.message); }`,
  );
  assert.match(text, /^NO_FFI bpfts cannot call the kernel: the FFI library koffi did not load on linux-\w+ \(/);
});
