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
import { placeInfoAt, readInfoAt } from "./get-info.ts";
import { kprobeMultiInfo, tracingMultiInfo, uprobeMultiInfo } from "./link-info-arrays.ts";
import { firstAnswer, iterInfo, perfEventInfo, rawTracepointInfo } from "./link-info-texts.ts";
import type { LinkInfo } from "./link-info-types.ts";

const t = BpfLinkType;
const HEAD = BpfLinkInfo.offsets;

/**
 * What the kernel says about a link, as a union by `kind`. Kinds with texts or arrays take a second call, which is
 * repeated with more room where the first guess was too small.
 */
export function linkInfo(fd: number): LinkInfo {
  const arena = beginCall();
  const answer = firstAnswer(arena, fd);
  const { view, at, length } = answer;
  const start = at - ARM;
  const type = view.getUint32(start + HEAD.type, true);
  const id = view.getUint32(start + HEAD.id, true);
  const prog_id = view.getUint32(start + HEAD.prog_id, true);
  switch (type) {
    case t.BPF_LINK_TYPE_RAW_TRACEPOINT: {
      const { tp_name, cookie } = rawTracepointInfo(fd, answer);
      return { kind: "raw_tracepoint", type, id, prog_id, tp_name, cookie };
    }
    case t.BPF_LINK_TYPE_TRACING: {
      const info = BpfLinkInfoTracing.partial(view, length, at);
      const { attach_type = 0, target_obj_id = 0, target_btf_id = 0, cookie } = info;
      return { kind: "tracing", type, id, prog_id, attach_type, target_obj_id, target_btf_id, cookie };
    }
    case t.BPF_LINK_TYPE_CGROUP: {
      const { cgroup_id, attach_type } = BpfLinkInfoCgroup.view(view, at);
      return { kind: "cgroup", type, id, prog_id, cgroup_id, attach_type };
    }
    case t.BPF_LINK_TYPE_ITER:
      return { kind: "iter", type, id, prog_id, ...iterInfo(fd, answer) };
    case t.BPF_LINK_TYPE_NETNS: {
      const { netns_ino, attach_type } = BpfLinkInfoNetns.view(view, at);
      return { kind: "netns", type, id, prog_id, netns_ino, attach_type };
    }
    case t.BPF_LINK_TYPE_XDP:
      return { kind: "xdp", type, id, prog_id, ifindex: BpfLinkInfoXdp.view(view, at).ifindex };
    case t.BPF_LINK_TYPE_PERF_EVENT:
      return { kind: "perf_event", type, id, prog_id, event: perfEventInfo(fd, answer) };
    case t.BPF_LINK_TYPE_KPROBE_MULTI:
      return { kind: "kprobe_multi", type, id, prog_id, ...kprobeMultiInfo(fd, answer) };
    case t.BPF_LINK_TYPE_STRUCT_OPS:
      return { kind: "struct_ops", type, id, prog_id, map_id: BpfLinkInfoStructOps.view(view, at).map_id };
    case t.BPF_LINK_TYPE_NETFILTER:
      return { kind: "netfilter", type, id, prog_id, ...BpfLinkInfoNetfilter.read(view, at) };
    case t.BPF_LINK_TYPE_TCX:
    case t.BPF_LINK_TYPE_NETKIT: {
      const { ifindex, attach_type } = BpfLinkInfoTcx.view(view, at);
      const kind = type === t.BPF_LINK_TYPE_TCX ? "tcx" : "netkit";
      return { kind, type, id, prog_id, ifindex, attach_type };
    }
    case t.BPF_LINK_TYPE_UPROBE_MULTI:
      return { kind: "uprobe_multi", type, id, prog_id, ...uprobeMultiInfo(fd, answer) };
    case t.BPF_LINK_TYPE_SOCKMAP: {
      const { map_id, attach_type } = BpfLinkInfoSockmap.view(view, at);
      return { kind: "sockmap", type, id, prog_id, map_id, attach_type };
    }
    case t.BPF_LINK_TYPE_TRACING_MULTI:
      return { kind: "tracing_multi", type, id, prog_id, ...tracingMultiInfo(fd, answer) };
    default:
      return { kind: "unknown", type, id, prog_id };
  }
}

/** The first three fields alone, in one call: enough to sort links by kind or to know a link's id. */
export function linkHead(fd: number): { type: number; id: number; prog_id: number } {
  const arena = beginCall();
  const at = placeInfoAt(arena, BPF_LINK_INFO_SIZE);
  readInfoAt(arena, fd, at, BPF_LINK_INFO_SIZE);
  const { view } = arena;
  return {
    type: view.getUint32(at + HEAD.type, true),
    id: view.getUint32(at + HEAD.id, true),
    prog_id: view.getUint32(at + HEAD.prog_id, true),
  };
}
