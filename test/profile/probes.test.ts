// The programs that read counters around a run, without a run: as raw tracepoint programs, which may call the same
// helpers and can be run on a CPU of choice. So they are tested where the machine refuses fentry programs too.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { entryProbe, exitProbe, HEADER_SIZE, type ProbeMaps, READING_SIZE } from "../../src/profile/probes.ts";
import {
  closeFd,
  mapCreate,
  mapLookupElem,
  mapUpdateElem,
  onlineCpus,
  perfEventEnable,
  perfEventOpen,
  possibleCpus,
  progLoad,
  progTestRun,
} from "../../src/sys/index.ts";
import { BpfMapType, BpfProgType, BpfTestRunFlag, PerfSoftware, PerfType } from "../../src/uapi/index.ts";
import { owned } from "../support/cleanup.ts";

const CPUS = possibleCpus();
const SIZE = (metrics: number): number => HEADER_SIZE + metrics * READING_SIZE;

function maps(t: TestContext, metrics: number): ProbeMaps {
  const { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY } = BpfMapType;
  const create = (map_type: number, value_size: number, max_entries: number): number =>
    owned(t, mapCreate({ map_type, key_size: 4, value_size, max_entries }));
  return {
    events: create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, metrics * CPUS),
    started: create(BPF_MAP_TYPE_PERCPU_ARRAY, SIZE(metrics), 1),
    totals: create(BPF_MAP_TYPE_PERCPU_ARRAY, SIZE(metrics), 1),
  };
}

function totals({ totals: fd }: ProbeMaps, metrics: number, cpu: number): bigint[] {
  const bytes = new Uint8Array(SIZE(metrics) * CPUS);
  mapLookupElem(fd, new Uint8Array(4), bytes);
  return [...new BigUint64Array(bytes.buffer, SIZE(metrics) * cpu, SIZE(metrics) / 8)];
}

test("counters are read before and after, and what they grew by is added up", (t) => {
  const metrics = 4;
  const cpu = onlineCpus().at(-1) as number;
  const own = maps(t, metrics);
  const load = (insns: Uint8Array): number =>
    owned(t, progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT, insns }));
  const entry = load(entryProbe(own, metrics, CPUS));
  const exit = load(exitProbe(own, metrics, CPUS));
  const run = (fd: number): void => {
    progTestRun(fd, { flags: BpfTestRunFlag.BPF_F_TEST_RUN_ON_CPU, cpu });
  };
  const all = (): bigint[] => totals(own, metrics, cpu);
  // Without its counters nothing is counted.
  run(entry);
  run(exit);
  assert.deepEqual(all(), new Array(1 + metrics * 3).fill(0n));

  for (let i = 0; i < metrics; i++) {
    const fd = perfEventOpen({
      type: PerfType.PERF_TYPE_SOFTWARE,
      config: i === 0 ? PerfSoftware.PERF_COUNT_SW_TASK_CLOCK : PerfSoftware.PERF_COUNT_SW_PAGE_FAULTS,
      pid: -1,
      cpu,
    });
    t.after(() => closeFd(fd));
    mapUpdateElem(
      own.events,
      new Uint8Array(Uint32Array.of(i * CPUS + cpu).buffer),
      new Uint8Array(Uint32Array.of(fd).buffer),
    );
    perfEventEnable(fd);
  }
  // An exit whose entry was not seen counts for nothing.
  run(exit);
  assert.equal(all()[0], 0n);
  run(entry);
  run(exit);
  run(exit);
  const [runs, clock = 0n, enabled = 0n, running = 0n] = all();
  assert.equal(runs, 1n);
  assert.ok(clock > 0n && enabled > 0n);
  assert.equal(enabled, running);
  run(entry);
  run(exit);
  assert.equal(all()[0], 2n);
  assert.ok((all()[1] ?? 0n) > clock);
});
