import {
  BPF_LINK_INFO_ARM as ARM,
  BPF_LINK_INFO_SIZE,
  BpfLinkInfo,
  BpfLinkInfoCgroup,
  BpfLinkInfoNetfilter,
  BpfLinkInfoNetns,
  BpfLinkInfoSockmap,
  BpfLinkInfoStructOps,
  BpfLinkInfoTcx,
  BpfLinkInfoTracing,
  BpfLinkInfoXdp,
  BpfLinkType,
} from "../../uapi/index.ts";
import { beginCall } from "../arena.ts";
import { placeInfo, readInfo } from "./get-info.ts";
import {
  iterInfo,
  kprobeMultiInfo,
  perfEventInfo,
  rawTracepointInfo,
  tracingMultiInfo,
  uprobeMultiInfo,
} from "./link-info-arrays.ts";
import type { LinkInfo } from "./link-info-types.ts";

const t = BpfLinkType;

/**
 * What the kernel says about a link, as a union by `kind`. Kinds with texts or arrays take a second call, which is
 * repeated with more room where the first guess was too small.
 */
export function linkInfo(fd: number): LinkInfo {
  const arena = beginCall();
  const room = placeInfo(BPF_LINK_INFO_SIZE);
  const length = readInfo(arena, fd, room);
  const { view } = room;
  const { type, id, prog_id } = BpfLinkInfo.view(view);
  const head = { type, id, prog_id };
  const plain = { view, length: length - ARM };
  switch (type) {
    case t.BPF_LINK_TYPE_RAW_TRACEPOINT:
      return { kind: "raw_tracepoint", ...head, ...rawTracepointInfo(fd) };
    case t.BPF_LINK_TYPE_TRACING: {
      const info = BpfLinkInfoTracing.partial(view, length - ARM, ARM);
      const { attach_type = 0, target_obj_id = 0, target_btf_id = 0, cookie } = info;
      return { kind: "tracing", ...head, attach_type, target_obj_id, target_btf_id, cookie };
    }
    case t.BPF_LINK_TYPE_CGROUP: {
      const { cgroup_id, attach_type } = BpfLinkInfoCgroup.view(view, ARM);
      return { kind: "cgroup", ...head, cgroup_id, attach_type };
    }
    case t.BPF_LINK_TYPE_ITER:
      return { kind: "iter", ...head, ...iterInfo(fd) };
    case t.BPF_LINK_TYPE_NETNS: {
      const { netns_ino, attach_type } = BpfLinkInfoNetns.view(view, ARM);
      return { kind: "netns", ...head, netns_ino, attach_type };
    }
    case t.BPF_LINK_TYPE_XDP:
      return { kind: "xdp", ...head, ifindex: BpfLinkInfoXdp.view(view, ARM).ifindex };
    case t.BPF_LINK_TYPE_PERF_EVENT:
      return { kind: "perf_event", ...head, event: perfEventInfo(fd, plain) };
    case t.BPF_LINK_TYPE_KPROBE_MULTI:
      return { kind: "kprobe_multi", ...head, ...kprobeMultiInfo(fd, plain) };
    case t.BPF_LINK_TYPE_STRUCT_OPS:
      return { kind: "struct_ops", ...head, map_id: BpfLinkInfoStructOps.view(view, ARM).map_id };
    case t.BPF_LINK_TYPE_NETFILTER:
      return { kind: "netfilter", ...head, ...BpfLinkInfoNetfilter.read(view, ARM) };
    case t.BPF_LINK_TYPE_TCX:
      return { kind: "tcx", ...head, ...BpfLinkInfoTcx.read(view, ARM) };
    case t.BPF_LINK_TYPE_UPROBE_MULTI:
      return { kind: "uprobe_multi", ...head, ...uprobeMultiInfo(fd, plain) };
    case t.BPF_LINK_TYPE_NETKIT:
      return { kind: "netkit", ...head, ...BpfLinkInfoTcx.read(view, ARM) };
    case t.BPF_LINK_TYPE_SOCKMAP:
      return { kind: "sockmap", ...head, ...BpfLinkInfoSockmap.read(view, ARM) };
    case t.BPF_LINK_TYPE_TRACING_MULTI:
      return { kind: "tracing_multi", ...head, ...tracingMultiInfo(fd, plain) };
    default:
      return { kind: "unknown", ...head };
  }
}

/** The first three fields alone, in one call: enough to sort links by kind or to know a link's id. */
export function linkHead(fd: number): { type: number; id: number; prog_id: number } {
  const arena = beginCall();
  const room = placeInfo(BPF_LINK_INFO_SIZE);
  readInfo(arena, fd, room);
  const { type, id, prog_id } = BpfLinkInfo.view(room.view);
  return { type, id, prog_id };
}
