import { type Fields, type Struct, textUntilNul } from "../../layout/index.ts";
import {
  BPF_LINK_INFO_ARM as ARM,
  BPF_LINK_INFO_SIZE,
  BpfLinkInfoIterCgroup,
  BpfLinkInfoIterMap,
  BpfLinkInfoIterTask,
  BpfLinkInfoKprobeMulti,
  BpfLinkInfoPerfEvent,
  BpfLinkInfoPerfKprobe,
  BpfLinkInfoPerfTracepoint,
  BpfLinkInfoPerfUprobe,
  BpfLinkInfoRawTracepoint,
  BpfLinkInfoTracingMulti,
  BpfLinkInfoUprobeMulti,
  BpfPerfEventType,
} from "../../uapi/index.ts";
import { beginCall, placeRoom, type Room } from "../arena.ts";
import { placeInfo, readInfo } from "./get-info.ts";
import type {
  IterRecord,
  KprobeMultiRecord,
  PerfEventRecord,
  TracingMultiRecord,
  UprobeMultiRecord,
} from "./link-info-types.ts";

// Each function here asks once more for a link whose kind is known, with room for its texts and arrays. `plain` is the
// first answer, which says how many elements there are: a link's targets never change, and the answer that ends with
// ENOSPC for too little room says nothing. A pointer and its length must be given both or neither (EINVAL otherwise).

const PATH_MAX = 4096;

/** An answer of the kernel. It is overwritten by the next call: read what is needed before. */
export interface LinkAnswer {
  readonly view: DataView;
  /** Bytes of the union's arm that the kernel knows. */
  readonly length: number;
}

/** One info call with what `prepare` writes into the arm. */
function ask(fd: number, prepare: (view: DataView) => void): LinkAnswer {
  const arena = beginCall();
  const room = placeInfo(BPF_LINK_INFO_SIZE);
  prepare(room.view);
  const length = readInfo(arena, fd, room);
  return { view: room.view, length: length - ARM };
}

/** @internal */
export function rawTracepointInfo(fd: number): { tp_name: string; cookie: bigint | undefined } {
  let name: Room | undefined;
  const answer = ask(fd, (view) => {
    name = placeRoom(PATH_MAX);
    BpfLinkInfoRawTracepoint.fill(view, ARM, { tp_name: name.address, tp_name_len: PATH_MAX });
  });
  const cookie = since(BpfLinkInfoRawTracepoint, answer).cookie;
  return { tp_name: textOf(name), cookie };
}

/** @internal */
export function iterInfo(fd: number): IterRecord {
  let name: Room | undefined;
  const answer = ask(fd, (view) => {
    name = placeRoom(PATH_MAX);
    BpfLinkInfoIterMap.fill(view, ARM, { target_name: name.address, target_name_len: PATH_MAX });
  });
  const target_name = textOf(name);
  const { view, length } = answer;
  switch (target_name) {
    case "bpf_map_elem":
    case "bpf_sk_storage_map":
    case "sockmap":
      return { target_name, map: { map_id: BpfLinkInfoIterMap.read(view, ARM).map.map_id } };
    case "cgroup":
      return { target_name, cgroup: BpfLinkInfoIterCgroup.read(view, ARM).cgroup };
    case "task":
    case "task_file":
    case "task_vma":
      // 6.1 added what the iterator is limited to.
      return length < BpfLinkInfoIterTask.size
        ? { target_name }
        : { target_name, task: BpfLinkInfoIterTask.read(view, ARM).task };
    default:
      return { target_name };
  }
}

/** @internal */
export function kprobeMultiInfo(fd: number, plain: LinkAnswer): KprobeMultiRecord {
  const { count } = BpfLinkInfoKprobeMulti.view(plain.view, ARM);
  let addrs: Room | undefined;
  let cookies: Room | undefined;
  // Before 6.9 there is no room for cookies in the struct, and the kernel refuses bytes that it does not know.
  const withCookies = plain.length >= BpfLinkInfoKprobeMulti.size;
  const answer = ask(fd, (view) => {
    addrs = placeRoom(count * 8);
    cookies = withCookies ? placeRoom(count * 8) : undefined;
    BpfLinkInfoKprobeMulti.fill(view, ARM, { addrs: addrs.address, count, cookies: cookies?.address ?? 0 });
  });
  const info = since(BpfLinkInfoKprobeMulti, answer);
  return {
    count,
    flags: info.flags ?? 0,
    missed: info.missed,
    addrs: u64s(addrs, count) ?? [],
    cookies: u64s(cookies, count),
  };
}

/** @internal */
export function uprobeMultiInfo(fd: number, plain: LinkAnswer): UprobeMultiRecord {
  const { count } = BpfLinkInfoUprobeMulti.view(plain.view, ARM);
  let path: Room | undefined;
  let offsets: Room | undefined;
  let counters: Room | undefined;
  let cookies: Room | undefined;
  const answer = ask(fd, (view) => {
    path = placeRoom(PATH_MAX);
    offsets = placeRoom(count * 8);
    counters = placeRoom(count * 8);
    cookies = placeRoom(count * 8);
    BpfLinkInfoUprobeMulti.fill(view, ARM, {
      path: path.address,
      path_size: PATH_MAX,
      offsets: offsets.address,
      ref_ctr_offsets: counters.address,
      cookies: cookies.address,
      count,
    });
  });
  const info = BpfLinkInfoUprobeMulti.read(answer.view, ARM);
  return {
    path: textOf(path),
    count: info.count,
    flags: info.flags,
    pid: info.pid,
    offsets: u64s(offsets, info.count) ?? [],
    ref_ctr_offsets: u64s(counters, info.count) ?? [],
    cookies: u64s(cookies, info.count) ?? [],
  };
}

/** @internal */
export function tracingMultiInfo(fd: number, plain: LinkAnswer): TracingMultiRecord {
  const { count } = BpfLinkInfoTracingMulti.view(plain.view, ARM);
  let ids: Room | undefined;
  let addrs: Room | undefined;
  let cookies: Room | undefined;
  const answer = ask(fd, (view) => {
    ids = placeRoom(count * 4);
    addrs = placeRoom(count * 8);
    cookies = placeRoom(count * 8);
    BpfLinkInfoTracingMulti.fill(view, ARM, {
      count,
      ids: ids.address,
      addrs: addrs.address,
      cookies: cookies.address,
    });
  });
  const info = BpfLinkInfoTracingMulti.read(answer.view, ARM);
  const idView = ids === undefined ? undefined : viewOf(ids);
  return {
    attach_type: info.attach_type,
    count: info.count,
    btf_obj_id: info.btf_obj_id,
    ids: Array.from({ length: info.count }, (_, i) => idView?.getUint32(i * 4, true) ?? 0),
    addrs: u64s(addrs, info.count) ?? [],
    cookies: u64s(cookies, info.count) ?? [],
  };
}

/** @internal */
export function perfEventInfo(fd: number, plain: LinkAnswer): PerfEventRecord {
  // Before 6.6 the kernel leaves the arm empty.
  const type = plain.view.getUint32(ARM, true);
  const t = BpfPerfEventType;
  let name: Room | undefined;
  const again = (): LinkAnswer =>
    ask(fd, (view) => {
      name = placeRoom(PATH_MAX);
      // The text and its length come first in all three arms.
      BpfLinkInfoPerfTracepoint.fill(view, ARM, {
        tracepoint: { tp_name: name.address, name_len: PATH_MAX, cookie: 0n },
      });
    });
  switch (type) {
    case t.BPF_PERF_EVENT_UPROBE:
    case t.BPF_PERF_EVENT_URETPROBE: {
      const { offset, cookie, ref_ctr_offset } = BpfLinkInfoPerfUprobe.read(again().view, ARM).uprobe;
      const kind = type === t.BPF_PERF_EVENT_UPROBE ? "uprobe" : "uretprobe";
      return { kind, type, file_name: textOf(name), offset, cookie, ref_ctr_offset };
    }
    case t.BPF_PERF_EVENT_KPROBE:
    case t.BPF_PERF_EVENT_KRETPROBE: {
      const { offset, addr, missed, cookie } = BpfLinkInfoPerfKprobe.read(again().view, ARM).kprobe;
      const kind = type === t.BPF_PERF_EVENT_KPROBE ? "kprobe" : "kretprobe";
      return { kind, type, func_name: textOf(name), offset, addr, missed, cookie };
    }
    case t.BPF_PERF_EVENT_TRACEPOINT: {
      const { cookie } = BpfLinkInfoPerfTracepoint.read(again().view, ARM).tracepoint;
      return { kind: "tracepoint", type, tp_name: textOf(name), cookie };
    }
    case t.BPF_PERF_EVENT_EVENT: {
      const { config, type: event_type, cookie } = BpfLinkInfoPerfEvent.read(plain.view, ARM).event;
      return { kind: "event", type, event_type, config, cookie };
    }
    default:
      return { kind: "unspec", type };
  }
}

function since<F extends Fields>(layout: Struct<F>, answer: LinkAnswer): ReturnType<Struct<F>["partial"]> {
  return layout.partial(answer.view, answer.length, ARM);
}

function textOf(room: Room | undefined): string {
  return room === undefined ? "" : textUntilNul(room.bytes);
}

function viewOf(room: Room): DataView {
  return new DataView(room.bytes.buffer, room.bytes.byteOffset, room.bytes.byteLength);
}

function u64s(room: Room | undefined, count: number): bigint[] | undefined {
  if (room === undefined) return undefined;
  const view = viewOf(room);
  return Array.from({ length: count }, (_, i) => view.getBigUint64(i * 8, true));
}
