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
import { type Arena, openArena, take } from "../arena.ts";
import { placeInfoAt, readInfoAt, tryInfoAt } from "./get-info.ts";
import type { LinkAnswer } from "./link-info-arrays.ts";
import type { IterRecord, PerfEventRecord } from "./link-info-types.ts";

// Each function here asks once more for a link whose kind is known, with room for its text. Listings are long, so this
// goes on in the call's first answer, in place: the kernel reads of it only where the text goes.

const PATH_MAX = 4096;
/** Where `task` lies: `tid`, then `pid`. */
const TASK = BpfLinkInfoIterTask.offsets.task;

/**
 * In a listing many links of a kind follow one another, so the text that the last one had is asked for with the first
 * question. What that asks of a link of another kind fails, or is thrown away.
 */
let expected: { readonly type: number; readonly pointer: number } | undefined;
/** The text's bytes, or the addresses that a kprobe_multi link takes them for, stay within the room. */
const EXPECTED_LENGTH = PATH_MAX / 8;

/** @internal The first answer about a link, which may have its text with it. */
export function firstAnswer(arena: Arena, fd: number): LinkAnswer {
  const { view, bytes } = arena;
  const start = placeInfoAt(arena, BPF_LINK_INFO_SIZE);
  const at = start + ARM;
  if (expected !== undefined) {
    const { type, pointer } = expected;
    const text = placeText(arena, at + pointer, EXPECTED_LENGTH);
    const length = tryInfoAt(arena, fd, start, BPF_LINK_INFO_SIZE);
    if (length >= 0 && view.getUint32(start, true) === type) {
      return { view, at, length: length - ARM, asked: { pointer, text } };
    }
    expected = undefined;
    bytes.fill(0, start, start + BPF_LINK_INFO_SIZE);
  }
  return { view, at, length: readInfoAt(arena, fd, start, BPF_LINK_INFO_SIZE) - ARM };
}

/** The text whose pointer and length are at `pointer` in the arm; where it did not come along, the kernel tells it now. */
function askText(fd: number, { at, view, asked }: LinkAnswer, pointer: number): string {
  const arena = openArena();
  const { bytes } = arena;
  let text = asked?.text ?? 0;
  if (asked?.pointer !== pointer) {
    text = placeText(arena, at + pointer, PATH_MAX);
    readInfoAt(arena, fd, at - ARM, BPF_LINK_INFO_SIZE);
    expected = { type: view.getUint32(at - ARM, true), pointer };
  }
  let end = text;
  while (bytes[end] !== 0 && end < text + PATH_MAX) end++;
  return decodeText(bytes, text, end);
}

/** Makes room for a text, and writes its address and length where the kernel looks for them. */
function placeText({ base, bytes, view }: Arena, pointer: number, length: number): number {
  const text = take(PATH_MAX);
  bytes[text] = 0;
  const address = base + text;
  view.setUint32(pointer, address % 0x100000000, true);
  view.setUint32(pointer + 4, Math.floor(address / 0x100000000), true);
  view.setUint32(pointer + 8, length, true);
  return text;
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
