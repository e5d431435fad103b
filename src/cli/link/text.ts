import { attachTypeName, linkTypeName, progTypeName } from "../../uapi/index.ts";
import { refsText } from "../handle/references.ts";
import { netfilterHookName, netfilterProtocolName } from "./netfilter-names.ts";
import { iterOrderName, kprobeTargets, type PerfEvent, uprobeTargets } from "./parts.ts";
import { perfConfigName, perfTypeName } from "./perf-names.ts";
import type { LinkRecord } from "./record.ts";

/** All lines of a link in `link show`. Every segment ends with two spaces, as bpftool's do. */
export function linkText(link: LinkRecord): string {
  const { info } = link;
  let text = `${info.id}: ${linkTypeName(info.type) ?? `type ${info.type}`}  `;
  text += info.kind === "struct_ops" ? `map ${info.map_id}  ` : `prog ${info.prog_id}  `;
  text += detailsText(link);
  for (const path of link.pinned ?? []) text += `\n\tpinned ${path}`;
  if (link.refs.length > 0) {
    if (link.perfCookie !== undefined) text += `\n\tbpf_cookie ${link.perfCookie}`;
    text += `\n\tpids ${refsText(link.refs)}`;
  }
  return `${text}\n`;
}

function detailsText(link: LinkRecord): string {
  const { info } = link;
  switch (info.kind) {
    case "raw_tracepoint":
      return `\n\ttp '${info.tp_name}'  ${cookieText(info.cookie)}`;
    case "tracing": {
      const { target_obj_id, target_btf_id } = info;
      const type = progTypeName(link.progType ?? 0) ?? link.progType;
      let text = `\n\tprog_type ${type}  ${attachTypeText(info.attach_type)}`;
      if (target_obj_id || target_btf_id) {
        text += `\n\ttarget_obj_id ${target_obj_id}  target_btf_id ${target_btf_id}  `;
      }
      return info.cookie ? `${text}\n\t${cookieText(info.cookie)}` : text;
    }
    case "cgroup":
      return `\n\tcgroup_id ${info.cgroup_id}  ${attachTypeText(info.attach_type)}`;
    case "iter": {
      let text = `target_name ${info.target_name}  `;
      if (info.map !== undefined) text += `map_id ${info.map.map_id}  `;
      if (info.task?.tid) text += `tid ${info.task.tid} `;
      else if (info.task?.pid) text += `pid ${info.task.pid} `;
      if (info.cgroup === undefined) return text;
      return `${text}cgroup_id ${info.cgroup.cgroup_id}  order ${iterOrderName(info.cgroup.order)}  `;
    }
    case "netns":
      return `\n\tnetns_ino ${info.netns_ino}  ${attachTypeText(info.attach_type)}`;
    case "xdp":
      return `\n\t${deviceText(info.ifindex, link.devname)}`;
    case "tcx":
    case "netkit":
      return `\n\t${deviceText(info.ifindex, link.devname)}${attachTypeText(info.attach_type)}`;
    case "netfilter": {
      const protocol = netfilterProtocolName(info.pf) ?? `pf: ${info.pf}`;
      const hook = netfilterHookName(info.pf, info.hooknum);
      const place = hook === undefined ? `, hook ${info.hooknum},` : ` ${hook}`;
      const flags = info.flags === 0 ? "" : ` flags 0x${info.flags.toString(16)}`;
      return `\n\t${protocol}${place} prio ${info.priority}${flags}`;
    }
    case "sockmap":
      return `\n\tmap_id ${info.map_id}  ${attachTypeText(info.attach_type)}`;
    case "kprobe_multi":
      return kprobeMultiText(link);
    case "uprobe_multi":
      return uprobeMultiText(link);
    case "perf_event":
      return perfEventText(info.event);
    default:
      return "";
  }
}

function cookieText(cookie: bigint | undefined): string {
  return cookie ? `cookie ${cookie}  ` : "";
}

function attachTypeText(type: number): string {
  return `attach_type ${attachTypeName(type) ?? type}  `;
}

function deviceText(ifindex: number, devname: string | undefined): string {
  if (ifindex === 0) return "ifindex (detached)  ";
  return devname === undefined ? "ifindex (unknown)  " : `ifindex ${devname}(${ifindex})  `;
}

function kprobeMultiText(link: LinkRecord): string {
  const { info } = link;
  if (info.kind !== "kprobe_multi" || info.count === 0) return "";
  const { retprobe, funcs } = kprobeTargets(info, link.symbols);
  let text = `\n\t${retprobe ? "kretprobe" : "kprobe"}.multi  func_cnt ${info.count}  `;
  if (info.missed) text += `missed ${info.missed}  `;
  text += `\n\t${"addr".padEnd(16)} ${"cookie".padEnd(16)} func [module]`;
  for (const { addr, cookie, func, module } of funcs) {
    const place = module === undefined ? "" : ` [${module}]`;
    text += `\n\t${hex(addr).padStart(16, "0")} ${hex(cookie).padEnd(16)} ${func}${place}  `;
  }
  return text;
}

function uprobeMultiText({ info }: LinkRecord): string {
  if (info.kind !== "uprobe_multi" || info.count === 0) return "";
  const { retprobe, funcs } = uprobeTargets(info);
  let text = `\n\t${retprobe ? "uretprobe" : "uprobe"}.multi  path ${info.path}  func_cnt ${info.count}  `;
  if (info.pid !== 0) text += `pid ${info.pid}  `;
  text += `\n\t${"offset".padEnd(16)}   ${"ref_ctr_offset".padEnd(16)}   ${"cookies".padEnd(16)}`;
  for (const { offset, ref_ctr_offset, cookie } of funcs) {
    text += `\n\t${[offset, ref_ctr_offset, cookie].map((n) => `0x${hex(n).padEnd(16)}`).join(" ")}`;
  }
  return text;
}

function perfEventText(event: PerfEvent): string {
  switch (event.kind) {
    case "event": {
      const type = perfTypeName(event.event_type);
      const config = perfConfigName(event.event_type, event.config) ?? event.config;
      const name = type === undefined ? `${event.event_type} :` : `${type}:`;
      return `\n\tevent ${name}${config}  ${cookieText(event.cookie)}`;
    }
    case "tracepoint":
      return event.tp_name === "" ? "" : `\n\ttracepoint ${event.tp_name}  ${cookieText(event.cookie)}`;
    case "kprobe":
    case "kretprobe": {
      if (event.func_name === "" && event.addr === 0n) return "";
      let text = `\n\t${event.kind} `;
      if (event.addr !== 0n) text += `${hex(event.addr)} `;
      text += event.func_name;
      if (event.offset !== 0) text += `+0x${hex(event.offset)}`;
      if (event.missed !== 0n) text += `  missed ${event.missed}`;
      if (event.cookie !== 0n) text += `  cookie ${event.cookie}`;
      return `${text}  `;
    }
    case "uprobe":
    case "uretprobe": {
      if (event.file_name === "") return "";
      // C's %#x writes a zero without its 0x.
      const offset = event.offset === 0 ? "0" : `0x${hex(event.offset)}`;
      const counter = event.ref_ctr_offset === 0n ? "" : `ref_ctr_offset 0x${hex(event.ref_ctr_offset)}  `;
      return `\n\t${event.kind} ${event.file_name}+${offset}  ${cookieText(event.cookie)}${counter}`;
    }
    default:
      return "";
  }
}

function hex(n: bigint | number): string {
  return n.toString(16);
}
