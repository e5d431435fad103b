import { spawnSync } from "node:child_process";
import { mkdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeFd, mountBpffs, objPin, progLoad, UmountFlag, unmount } from "bpfts/sys";
import { BpfProgType } from "bpfts/uapi";
import type { Side } from "./pairs.ts";
import { buildPeer } from "./peers.ts";
import { withPrograms } from "./programs.ts";

/** A comparison of a command of bpfts with the same command of bpftool, as whole processes. */
export interface ProgRow {
  readonly name: string;
  readonly goal: number | undefined;
  readonly ours: Side;
  readonly peer: Side | { readonly missing: string };
  readonly runs: number;
  readonly scene: (measure: () => void) => void;
}

const OURS = `${process.execPath} dist/bin/bpfts.js`;
/**
 * The path of the bpffs that a scene mounts. It is a constant, because the commands contain it before the scene is
 * prepared.
 */
const BPFFS = join(tmpdir(), `bpfts-bench-${process.pid}`);
const SLOTS = 10_000;
const MISSING = "there is no bpftool with this command; run scripts/peers.sh";

/** Returns the rows. `bpftool` is the path of the bpftool to compare with. */
export function progRows(bpftool: string | undefined): ProgRow[] {
  const rows: ProgRow[] = [];
  const add = (
    name: string,
    words: string,
    row: Pick<ProgRow, "runs" | "scene" | "goal">,
    after = "",
    peer: string | false | undefined = bpftool,
  ): void => {
    const side = (label: string, command: string): Side => ({
      label,
      command: ["sh", "-c", `${after === "" ? "exec " : ""}${command} ${words} >/dev/null${after}`],
      figure: "wall",
    });
    rows.push({
      name,
      ...row,
      ours: side("bpfts", OURS),
      peer: peer === undefined || peer === false ? { missing: MISSING } : side("bpftool", peer),
    });
  };
  const load = { goal: undefined, runs: 15, scene: withBpffs };
  add(
    "prog loadall, 60 programs with CO-RE",
    `prog loadall test/bpf/core-many.bpf.o ${BPFFS}/d`,
    load,
    ` && rm -r ${BPFFS}/d`,
  );
  add(
    "prog loadall, 3 programs with CO-RE",
    `prog loadall test/bpf/counter.bpf.o ${BPFFS}/d`,
    load,
    ` && rm -r ${BPFFS}/d`,
  );
  add(
    "prog loadall -L, 3 programs with CO-RE",
    `-L prog loadall test/bpf/counter.bpf.o ${BPFFS}/d`,
    load,
    ` && rm -r ${BPFFS}/d`,
  );
  for (const count of [10, 1000, 5000, 10_000]) {
    const runs = count > 1000 ? 7 : 15;
    const scene = (measure: () => void): void => withPrograms(count, measure);
    add(`prog show, ${count} programs`, "prog show", { goal: undefined, runs, scene });
    const one = (measure: () => void): void => withLongProgram(() => scene(measure));
    add(`prog show of one, ${count} programs`, `prog show pinned ${BPFFS}/long`, { goal: undefined, runs, scene: one });
  }
  for (const kind of ["xlated", "jited"]) {
    const words = `prog dump ${kind} pinned ${BPFFS}/long`;
    const peer = kind === "jited" && !disassembles(bpftool) ? false : bpftool;
    add(`prog dump ${kind}, ${SLOTS} instructions`, words, { goal: 1, runs: 11, scene: withLongProgram }, "", peer);
    add(`prog dump ${kind}, in JSON`, `-j ${words}`, { goal: 1, runs: 11, scene: withLongProgram }, "", peer);
    rows.push(
      memoryRow(`prog dump ${kind}, maximum memory (1 ns means 1 byte)`, words, peer === false ? undefined : peer),
    );
  }
  for (const [words, what] of [
    ["format c", "as C"],
    ["format raw", "raw"],
  ]) {
    const row = { goal: 1, runs: 11, scene: (measure: () => void): void => measure() };
    add(`btf dump of the kernel, ${what}`, `btf dump file /sys/kernel/btf/vmlinux ${words}`, row);
  }
  return rows;
}

/** Returns true if a bpftool has a disassembler. Debian's bpftool has none. */
function disassembles(bpftool: string | undefined): boolean {
  if (bpftool === undefined) return false;
  return /llvm|libbfd/.test(spawnSync(bpftool, ["version"], { encoding: "utf8" }).stdout);
}

function memoryRow(name: string, words: string, bpftool: string | undefined): ProgRow {
  const measurer = buildPeer("max-rss", false);
  const row = { name, goal: undefined, runs: 5, scene: withLongProgram };
  const side = (label: string, command: string): Side => ({
    label,
    command: ["path" in measurer ? measurer.path : "false", ...command.split(" "), ...words.split(" ")],
    figure: "printed",
  });
  if ("missing" in measurer) return { ...row, ours: side("bpfts", OURS), peer: measurer };
  const peer = bpftool === undefined ? { missing: MISSING } : side("bpftool", bpftool);
  return { ...row, ours: side("bpfts", OURS), peer };
}

function withBpffs(measure: () => void): void {
  mkdirSync(BPFFS, { mode: 0o700 });
  mountBpffs(BPFFS);
  try {
    measure();
  } finally {
    unmount(BPFFS, UmountFlag.MNT_DETACH);
    rmdirSync(BPFFS);
  }
}

/** Runs `measure` while a long socket filter, which consists of additions, is pinned. */
function withLongProgram(measure: () => void): void {
  withBpffs(() => {
    const insns = new Uint8Array(SLOTS * 8);
    const view = new DataView(insns.buffer);
    view.setUint32(0, 0xb7, true);
    for (let slot = 1; slot < SLOTS - 1; slot++) {
      view.setUint8(slot * 8, 0x07);
      view.setInt32(slot * 8 + 4, slot, true);
    }
    view.setUint32((SLOTS - 1) * 8, 0x95, true);
    const fd = progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER, insns, prog_name: "long" });
    objPin(join(BPFFS, "long"), fd);
    closeFd(fd);
    measure();
  });
}
