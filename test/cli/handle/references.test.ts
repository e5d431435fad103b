import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { linkCreate, linkHead, perfEventOpen, progInfo, progLoad, rawTracepointOpen } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { owned } from "../../support/cleanup.ts";
import { withProgramHolder } from "../../support/holder.ts";
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
  const { stdout } = bpfts("prog", "show", "id", `${id}`);
  const text = pids.map((holder) => `${comm(holder)}(${holder})`).join(", ");
  assert.equal(stdout.split("\n").at(-2), `\tpids ${text}`);
  const record = JSON.parse(bpfts("-j", "prog", "show", "id", `${id}`).stdout);
  assert.deepEqual(
    record.pids,
    pids.map((holder) => ({ pid: holder, comm: comm(holder) })),
  );
  const all = JSON.parse(bpfts("-j", "prog").stdout) as { id: number; pids?: unknown }[];
  assert.deepEqual(all.find((entry) => entry.id === id)?.pids, record.pids);
});

test("link show tells who holds a link, and a perf event's cookie before", (t) => {
  const me = `${comm(process.pid)}(${process.pid})`;
  const raw = owned(t, rawTracepointOpen(program(t, BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT), { name: "sys_enter" }));
  assert.match(
    bpfts("link", "show", "id", `${linkHead(raw).id}`).stdout,
    new RegExp(`'sys_enter' {2}\\n\\tpids ${literally(me)}\\n$`),
  );
  const event = owned(t, perfEventOpen({ type: 1, config: 9, sample_period: 1 }));
  const prog = program(t, BpfProgType.BPF_PROG_TYPE_PERF_EVENT);
  const perf_event = { bpf_cookie: 7n };
  const link = owned(t, linkCreate(prog, event, BpfAttachType.BPF_PERF_EVENT, { perf_event }));
  const { id } = linkHead(link);
  assert.ok(bpfts("link", "show", "id", `${id}`).stdout.endsWith(`\n\tbpf_cookie 7\n\tpids ${me}\n`));
  const record = JSON.parse(bpfts("-p", "link", "show", "id", `${id}`).stdout);
  assert.deepEqual(Object.entries(record).slice(-2), [
    ["bpf_cookie", 7],
    ["pids", [{ pid: process.pid, comm: comm(process.pid) }]],
  ]);
});

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
