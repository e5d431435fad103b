import type { SymbolName } from "../../inventory/index.ts";
import type { KprobeMultiRecord, PerfEventRecord, UprobeMultiRecord } from "../../sys/index.ts";
import { BpfKprobeMultiFlag, BpfUprobeMultiFlag } from "../../uapi/index.ts";

// What the text and the JSON of a link have in common.

/** What a perf event link hangs on. */
export type PerfEvent = PerfEventRecord;

const ITER_ORDERS = ["order_unspec", "self_only", "descendants_pre", "descendants_post", "ancestors_up"];

/** The order in which a cgroup iterator walks. */
export function iterOrderName(order: number): string {
  return ITER_ORDERS[order] ?? "unknown";
}

/** The functions of a kprobe_multi link, by ascending address. Where no symbol is known `func` is the address. */
export function kprobeTargets(
  info: KprobeMultiRecord,
  symbols: ReadonlyMap<bigint, SymbolName>,
): { retprobe: boolean; funcs: { addr: bigint; func: string; module: string | undefined; cookie: bigint }[] } {
  const funcs = info.addrs.map((addr, i) => {
    const symbol = symbols.get(addr);
    return {
      addr,
      func: symbol?.func ?? `0x${addr.toString(16)}`,
      module: symbol?.module,
      cookie: info.cookies?.[i] ?? 0n,
    };
  });
  funcs.sort((a, b) => (a.addr < b.addr ? -1 : a.addr > b.addr ? 1 : 0));
  return { retprobe: (info.flags & BpfKprobeMultiFlag.BPF_F_KPROBE_MULTI_RETURN) !== 0, funcs };
}

/** The places of a uprobe_multi link, in the order in which it was made. */
export function uprobeTargets(info: UprobeMultiRecord): {
  retprobe: boolean;
  funcs: { offset: bigint; ref_ctr_offset: bigint; cookie: bigint }[];
} {
  const funcs = info.offsets.map((offset, i) => ({
    offset,
    ref_ctr_offset: info.ref_ctr_offsets[i] ?? 0n,
    cookie: info.cookies[i] ?? 0n,
  }));
  return { retprobe: (info.flags & BpfUprobeMultiFlag.BPF_F_UPROBE_MULTI_RETURN) !== 0, funcs };
}
