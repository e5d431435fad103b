import { attachTypeName, linkTypeName, progTypeName } from "../../uapi/index.ts";
import { refsJson } from "../handle/references.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { iterOrderName, kprobeTargets, type PerfEvent, uprobeTargets } from "./parts.ts";
import { perfConfigName, perfTypeName } from "./perf-names.ts";
import type { LinkRecord } from "./record.ts";

type Members = { readonly [key: string]: JsonValue | undefined };

/** A link's object in `link show`, its members in bpftool's order. */
export function linkJson(link: LinkRecord): JsonValue {
  const { id, type, prog_id } = link.info;
  // Not one literal: see programJson.
  return Object.assign({ id, type: linkTypeName(type) ?? type, prog_id }, detailsJson(link), {
    pinned: link.pinned,
    // As bpftool has it, which finds the cookie with the processes.
    bpf_cookie: link.refs.length === 0 ? undefined : link.perfCookie,
    pids: refsJson(link.refs),
  });
}

function detailsJson(link: LinkRecord): Members {
  const { info } = link;
  switch (info.kind) {
    case "raw_tracepoint":
      return { tp_name: info.tp_name, cookie: info.cookie ?? 0n };
    case "tracing": {
      const { target_obj_id, target_btf_id, cookie = 0n } = info;
      const prog_type = progTypeName(link.progType ?? 0) ?? link.progType;
      return { prog_type, attach_type: attachTypeJson(info.attach_type), target_obj_id, target_btf_id, cookie };
    }
    case "cgroup":
      return { cgroup_id: info.cgroup_id, attach_type: attachTypeJson(info.attach_type) };
    case "iter": {
      const { task, cgroup } = info;
      return {
        target_name: info.target_name,
        map_id: info.map?.map_id,
        tid: task?.tid || undefined,
        pid: task?.tid ? undefined : task?.pid || undefined,
        cgroup_id: cgroup?.cgroup_id,
        order: cgroup && iterOrderName(cgroup.order),
      };
    }
    case "netns":
      return { netns_ino: info.netns_ino, attach_type: attachTypeJson(info.attach_type) };
    case "xdp":
      return deviceJson(info.ifindex, link.devname);
    case "tcx":
    case "netkit":
      return { ...deviceJson(info.ifindex, link.devname), attach_type: attachTypeJson(info.attach_type) };
    case "netfilter":
      return { pf: info.pf, hook: info.hooknum, prio: info.priority, flags: info.flags };
    case "sockmap":
      return { map_id: info.map_id, attach_type: attachTypeJson(info.attach_type) };
    case "struct_ops":
      return { map_id: info.map_id };
    case "kprobe_multi": {
      const { retprobe, funcs } = kprobeTargets(info, link.symbols);
      return {
        retprobe,
        func_cnt: info.count,
        missed: info.missed ?? 0n,
        funcs: funcs.map(({ addr, func, module, cookie }) => ({ addr, func, module: module ?? null, cookie })),
      };
    }
    case "uprobe_multi": {
      const { retprobe, funcs } = uprobeTargets(info);
      return { retprobe, path: info.path, func_cnt: info.count, pid: info.pid, funcs };
    }
    case "perf_event":
      return perfEventJson(info.event);
    default:
      return {};
  }
}

function attachTypeJson(type: number): JsonValue {
  return attachTypeName(type) ?? type;
}

function deviceJson(ifindex: number, devname: string | undefined): Members {
  return { devname: ifindex === 0 ? "(detached)" : (devname ?? "(unknown)"), ifindex };
}

function perfEventJson(event: PerfEvent): Members {
  switch (event.kind) {
    case "event":
      return {
        event_type: perfTypeName(event.event_type) ?? event.event_type,
        event_config: perfConfigName(event.event_type, event.config) ?? event.config,
        cookie: event.cookie,
      };
    case "tracepoint":
      return { tracepoint: event.tp_name, cookie: event.cookie };
    case "kprobe":
    case "kretprobe": {
      const { addr, offset, missed, cookie } = event;
      return { retprobe: event.kind === "kretprobe", addr, func: event.func_name, offset, missed, cookie };
    }
    case "uprobe":
    case "uretprobe": {
      const { offset, cookie, ref_ctr_offset } = event;
      return { retprobe: event.kind === "uretprobe", file: event.file_name, offset, cookie, ref_ctr_offset };
    }
    default:
      return {};
  }
}
