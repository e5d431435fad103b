import { decodeText } from "../../layout/index.ts";
import {
  BPF_LINK_INFO_ARM as ARM,
  BPF_LINK_INFO_SIZE,
  BpfLinkInfoIterCgroup,
  BpfLinkInfoIterMap,
  BpfLinkInfoIterTask,
  BpfLinkInfoPerfEvent,
  BpfLinkInfoPerfKprobe,
  BpfLinkInfoPerfTracepoint,
  BpfLinkInfoPerfUprobe,
  BpfLinkInfoRawTracepoint,
  BpfPerfEventType,
} from "../../uapi/index.ts";
import { openArena, take } from "../arena.ts";
import { readInfoAt } from "./get-info.ts";
import type { LinkAnswer } from "./link-info-arrays.ts";
import type { IterRecord, PerfEventRecord } from "./link-info-types.ts";

// Each function here asks once more for a link whose kind is known, with room for its text. Listings are long, so this
// goes on in the call's first answer, in place: the kernel reads of it only where the text goes.

const PATH_MAX = 4096;
/** Where `task` lies: `tid`, then `pid`. */
const TASK = BpfLinkInfoIterTask.offsets.task;

/** Has the kernel tell it again, with the text of the pointer and length at `pointer` in the arm. Returns the text. */
function askText(fd: number, { at, view }: LinkAnswer, pointer: number): string {
  const arena = openArena();
  const { bytes } = arena;
  const text = take(PATH_MAX);
  bytes[text] = 0;
  const address = arena.base + text;
  view.setUint32(at + pointer, address % 0x100000000, true);
  view.setUint32(at + pointer + 4, Math.floor(address / 0x100000000), true);
  view.setUint32(at + pointer + 8, PATH_MAX, true);
  readInfoAt(arena, fd, at - ARM, BPF_LINK_INFO_SIZE);
  let end = text;
  while (bytes[end] !== 0 && end < text + PATH_MAX) end++;
  return decodeText(bytes, text, end);
}

/** @internal */
export function rawTracepointInfo(fd: number, answer: LinkAnswer): { tp_name: string; cookie: bigint | undefined } {
  const tp_name = askText(fd, answer, BpfLinkInfoRawTracepoint.offsets.tp_name);
  return { tp_name, cookie: BpfLinkInfoRawTracepoint.partial(answer.view, answer.length, answer.at).cookie };
}

/** @internal */
export function iterInfo(fd: number, answer: LinkAnswer): IterRecord {
  const { view, at, length } = answer;
  const target_name = askText(fd, answer, BpfLinkInfoIterMap.offsets.target_name);
  switch (target_name) {
    case "bpf_map_elem":
    case "bpf_sk_storage_map":
    case "sockmap":
      return { target_name, map: { map_id: BpfLinkInfoIterMap.view(view, at).map.map_id } };
    case "cgroup":
      return { target_name, cgroup: BpfLinkInfoIterCgroup.view(view, at).cgroup };
    case "task":
    case "task_file":
    case "task_vma":
      // 6.1 added what the iterator is limited to.
      if (length < BpfLinkInfoIterTask.size) return { target_name };
      return {
        target_name,
        task: { tid: view.getUint32(at + TASK, true), pid: view.getUint32(at + TASK + 4, true) },
      };
    default:
      return { target_name };
  }
}

/** @internal */
export function perfEventInfo(fd: number, answer: LinkAnswer): PerfEventRecord {
  const { view, at } = answer;
  // Before 6.6 the kernel leaves the arm empty.
  const type = view.getUint32(at, true);
  const t = BpfPerfEventType;
  // The text and its length come first in all three arms.
  const again = (): string => askText(fd, answer, BpfLinkInfoPerfTracepoint.offsets.tracepoint);
  switch (type) {
    case t.BPF_PERF_EVENT_UPROBE:
    case t.BPF_PERF_EVENT_URETPROBE: {
      const file_name = again();
      const { offset, cookie, ref_ctr_offset } = BpfLinkInfoPerfUprobe.view(view, at).uprobe;
      const kind = type === t.BPF_PERF_EVENT_UPROBE ? "uprobe" : "uretprobe";
      return { kind, type, file_name, offset, cookie, ref_ctr_offset };
    }
    case t.BPF_PERF_EVENT_KPROBE:
    case t.BPF_PERF_EVENT_KRETPROBE: {
      const func_name = again();
      const { offset, addr, missed, cookie } = BpfLinkInfoPerfKprobe.view(view, at).kprobe;
      const kind = type === t.BPF_PERF_EVENT_KPROBE ? "kprobe" : "kretprobe";
      return { kind, type, func_name, offset, addr, missed, cookie };
    }
    case t.BPF_PERF_EVENT_TRACEPOINT: {
      const tp_name = again();
      return { kind: "tracepoint", type, tp_name, cookie: BpfLinkInfoPerfTracepoint.view(view, at).tracepoint.cookie };
    }
    case t.BPF_PERF_EVENT_EVENT: {
      const { config, type: event_type, cookie } = BpfLinkInfoPerfEvent.view(view, at).event;
      return { kind: "event", type, event_type, config, cookie };
    }
    default:
      return { kind: "unspec", type };
  }
}
