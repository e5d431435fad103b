import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { linkCreate, linkHead, perfEventOpen, progInfo, progLoad, rawTracepointOpen } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { owned } from "../../support/cleanup.ts";
import { holdersAmong, withProgramHolder } from "../../support/holder.ts";
import { returning } from "../../support/programs.ts";
import { bpfts } from "../run.ts";

const comm = (pid: number): string => readFileSync(`/proc/${pid}/comm`, "utf8").trim();

function program(t: TestContext, prog_type: number): number {
  return owned(t, progLoad({ prog_type, insns: returning(0), prog_name: "held" }));
}

test("prog show tells who holds a program, as bpftool writes it", async (t) => {
  const { id } = progInfo(program(t, BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER));
  const { pid } = await withProgramHolder(t, 1, id);
  const pids = [process.pid, pid].sort((a, b) => a - b);
  const ours = pids.map((holder) => ({ pid: holder, comm: comm(holder) }));
  const { stdout } = bpfts("prog", "show", "id", `${id}`);
  assert.deepEqual(holdersAmong(holdersOfLine(stdout.split("\n").at(-2)), ...pids), ours);
  const record = JSON.parse(bpfts("-j", "prog", "show", "id", `${id}`).stdout);
  assert.deepEqual(holdersAmong(record.pids, ...pids), ours);
  const all = JSON.parse(bpfts("-j", "prog").stdout) as { id: number; pids?: (typeof ours)[number][] }[];
  assert.deepEqual(holdersAmong(all.find((entry) => entry.id === id)?.pids, ...pids), ours);
});

test("link show tells who holds a link, and a perf event's cookie before", (t) => {
  const me = { pid: process.pid, comm: comm(process.pid) };
  const raw = owned(t, rawTracepointOpen(program(t, BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT), { name: "sys_enter" }));
  const [line, pids, end] = bpfts("link", "show", "id", `${linkHead(raw).id}`)
    .stdout.split("\n")
    .slice(-3);
  assert.match(`${line}`, /'sys_enter' {2}$/);
  assert.deepEqual(holdersAmong(holdersOfLine(pids), me.pid), [me]);
  assert.equal(end, "");
  const event = owned(t, perfEventOpen({ type: 1, config: 9, sample_period: 1 }));
  const prog = program(t, BpfProgType.BPF_PROG_TYPE_PERF_EVENT);
  const perf_event = { bpf_cookie: 7n };
  const link = owned(t, linkCreate(prog, event, BpfAttachType.BPF_PERF_EVENT, { perf_event }));
  const { id } = linkHead(link);
  const lines = bpfts("link", "show", "id", `${id}`).stdout.split("\n").slice(-3);
  assert.equal(lines[0], "\tbpf_cookie 7");
  assert.deepEqual(holdersAmong(holdersOfLine(lines[1]), me.pid), [me]);
  assert.equal(lines[2], "");
  const record = JSON.parse(bpfts("-p", "link", "show", "id", `${id}`).stdout);
  assert.deepEqual(Object.keys(record).slice(-2), ["bpf_cookie", "pids"]);
  assert.equal(record.bpf_cookie, 7);
  assert.deepEqual(holdersAmong(record.pids, me.pid), [me]);
});

/** Reads a line of pids, and checks that it is written as bpftool writes it. */
function holdersOfLine(line: string | undefined): { readonly pid: number; readonly comm: string }[] {
  const holders = [...`${line}`.matchAll(/([^\s,]+)\((\d+)\)/g)].map(([, name, pid]) => ({
    pid: Number(pid),
    comm: `${name}`,
  }));
  assert.equal(line, `\tpids ${holders.map((holder) => `${holder.comm}(${holder.pid})`).join(", ")}`);
  return holders;
}
