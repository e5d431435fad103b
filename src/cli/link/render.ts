import type { LinkDescription } from "../../inventory/index.ts";
import type { LinkInfo, LinkInfoOf, PerfEventInfo } from "../../link/index.ts";
import {
  attachTypeName,
  BpfKprobeMultiFlag,
  BpfUprobeMultiFlag,
  linkTypeName,
  progTypeName,
} from "../../uapi/index.ts";
import { holdersJson, holdersText } from "../handle/holders.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";
import { iterOrderName, netfilterHookName, netfilterProtocolName, perfConfigName, perfTypeName } from "./names.ts";

/** Returns all lines of a link in `link show`. As in bpftool, every segment ends with two spaces. */
export function linkText(link: LinkDescription): string {
  const { info } = link;
  let text = `${info.id}: ${linkTypeName(info.type) ?? `type ${info.type}`}  `;
  text += info.kind === "struct_ops" ? `map ${info.mapId}  ` : `prog ${info.progId}  `;
  text += renderingOf(info).text(info, link);
  for (const path of link.pins ?? []) text += `\n\tpinned ${escapeName(path)}`;
  const { holders = [] } = link;
  if (holders.length > 0) {
    if (link.perfCookie !== undefined) text += `\n\tbpf_cookie ${link.perfCookie}`;
    text += `\n\tpids ${holdersText(holders)}`;
  }
  return `${text}\n`;
}

/** Returns the JSON object of a link in `link show`, with the members in bpftool's order. */
export function linkJson(link: LinkDescription): JsonValue {
  const { info } = link;
  const { id, type, progId } = info;
  const { holders = [] } = link;
  // Object.assign() is faster here than one object literal: see programJson in prog/render.ts.
  return Object.assign({ id, type: linkTypeName(type) ?? type, prog_id: progId }, renderingOf(info).json(info, link), {
    pinned: link.pins,
    // bpftool reads the cookie while it searches for the processes, and shows the cookie only if there is a process.
    bpf_cookie: holders.length === 0 ? undefined : link.perfCookie,
    pids: holdersJson(holders),
  });
}

/** Returns the text that says where a netfilter link is attached. `net show` also prints it. */
export function netfilterText({ pf, hooknum, priority, flags }: LinkInfoOf<"netfilter">): string {
  const hook = netfilterHookName(pf, hooknum);
  const place = hook === undefined ? `, hook ${hooknum},` : ` ${hook}`;
  const flagText = flags === 0 ? "" : ` flags 0x${hex(flags)}`;
  return `\n\t${netfilterProtocolName(pf) ?? `pf: ${pf}`}${place} prio ${priority}${flagText}`;
}

/** Returns the JSON members that say where a netfilter link is attached. */
export function netfilterJson({ pf, hooknum, priority, flags }: LinkInfoOf<"netfilter">): Members {
  return { pf, hook: hooknum, prio: priority, flags };
}

/**
 * Returns a line of text that says where a link is attached. If `link show` prints several lines, this is the first
 * one.
 */
export function placeText(link: LinkDescription): string {
  const text = renderingOf(link.info).text(link.info, link).trimStart();
  return (text.split("\n", 1)[0] ?? "").replace(/\s+/g, " ").trim();
}

type Members = { readonly [key: string]: JsonValue | undefined };
type Kind = LinkInfo["kind"];

/** How to show the details of one kind of link in text and in JSON. */
interface Rendering<Info> {
  text(info: Info, link: LinkDescription): string;
  json(info: Info, link: LinkDescription): Members;
}

function renderingOf(info: LinkInfo): Rendering<LinkInfo> {
  return KINDS[info.kind] as Rendering<LinkInfo>;
}

const onDevice: Rendering<LinkInfoOf<"tcx" | "netkit">> = {
  text: ({ ifindex, attachType }, { deviceName }) =>
    `\n\t${deviceText(ifindex, deviceName)}${attachTypeText(attachType)}`,
  json: ({ ifindex, attachType }, { deviceName }) => ({
    ...deviceJson(ifindex, deviceName),
    attach_type: attachTypeJson(attachType),
  }),
};

const nothing: Rendering<LinkInfo> = { text: () => "", json: () => ({}) };

const KINDS: { readonly [K in Kind]: Rendering<LinkInfoOf<K>> } = {
  raw_tracepoint: {
    text: ({ tpName, cookie }) => `\n\ttp '${escapeName(tpName)}'  ${cookieText(cookie)}`,
    json: ({ tpName, cookie = 0n }) => ({ tp_name: tpName, cookie }),
  },
  tracing: {
    text: ({ attachType, targetObjId, targetBtfId, cookie }, { progType }) => {
      let text = `\n\tprog_type ${progTypeName(progType ?? 0) ?? progType}  ${attachTypeText(attachType)}`;
      if (targetObjId || targetBtfId) text += `\n\ttarget_obj_id ${targetObjId}  target_btf_id ${targetBtfId}  `;
      return cookie ? `${text}\n\t${cookieText(cookie)}` : text;
    },
    json: ({ attachType, targetObjId, targetBtfId, cookie = 0n }, { progType }) => ({
      prog_type: progTypeName(progType ?? 0) ?? progType,
      attach_type: attachTypeJson(attachType),
      target_obj_id: targetObjId,
      target_btf_id: targetBtfId,
      cookie,
    }),
  },
  cgroup: {
    text: ({ cgroupId, attachType }) => `\n\tcgroup_id ${cgroupId}  ${attachTypeText(attachType)}`,
    json: ({ cgroupId, attachType }) => ({ cgroup_id: cgroupId, attach_type: attachTypeJson(attachType) }),
  },
  iter: {
    text: ({ targetName, map, task, cgroup }) => {
      let text = `target_name ${escapeName(targetName)}  `;
      if (map !== undefined) text += `map_id ${map.mapId}  `;
      if (task?.tid) text += `tid ${task.tid} `;
      else if (task?.pid) text += `pid ${task.pid} `;
      if (cgroup === undefined) return text;
      return `${text}cgroup_id ${cgroup.cgroupId}  order ${iterOrderName(cgroup.order)}  `;
    },
    json: ({ targetName, map, task, cgroup }) => ({
      target_name: targetName,
      map_id: map?.mapId,
      tid: task?.tid || undefined,
      pid: task?.tid ? undefined : task?.pid || undefined,
      cgroup_id: cgroup?.cgroupId,
      order: cgroup && iterOrderName(cgroup.order),
    }),
  },
  netns: {
    text: ({ netnsIno, attachType }) => `\n\tnetns_ino ${netnsIno}  ${attachTypeText(attachType)}`,
    json: ({ netnsIno, attachType }) => ({ netns_ino: netnsIno, attach_type: attachTypeJson(attachType) }),
  },
  xdp: {
    text: ({ ifindex }, { deviceName }) => `\n\t${deviceText(ifindex, deviceName)}`,
    json: ({ ifindex }, { deviceName }) => deviceJson(ifindex, deviceName),
  },
  perf_event: {
    text: ({ event }, link) => (PERF_EVENTS[event.kind] as Rendering<PerfEventInfo>).text(event, link),
    json: ({ event }, link) => (PERF_EVENTS[event.kind] as Rendering<PerfEventInfo>).json(event, link),
  },
  kprobe_multi: {
    text: (info, { symbols }) => {
      if (info.count === 0) return "";
      let text = `\n\t${isKretprobe(info) ? "kretprobe" : "kprobe"}.multi  func_cnt ${info.count}  `;
      if (info.missed) text += `missed ${info.missed}  `;
      text += `\n\t${"addr".padEnd(16)} ${"cookie".padEnd(16)} func [module]`;
      for (const { addr, cookie, func, module } of kprobedFunctions(info, symbols)) {
        const place = module === undefined ? "" : ` [${escapeName(module)}]`;
        text += `\n\t${hex(addr).padStart(16, "0")} ${hex(cookie).padEnd(16)} ${escapeName(func)}${place}  `;
      }
      return text;
    },
    json: (info, { symbols }) => ({
      retprobe: isKretprobe(info),
      func_cnt: info.count,
      missed: info.missed ?? 0n,
      funcs: kprobedFunctions(info, symbols).map(({ addr, func, module = null, cookie }) => ({
        addr,
        func,
        module,
        cookie,
      })),
    }),
  },
  struct_ops: {
    text: () => "",
    json: ({ mapId }) => ({ map_id: mapId }),
  },
  netfilter: { text: netfilterText, json: netfilterJson },
  tcx: onDevice,
  uprobe_multi: {
    text: (info) => {
      if (info.count === 0) return "";
      const { path, count, pid } = info;
      let text = `\n\t${isUretprobe(info) ? "uretprobe" : "uprobe"}.multi  path ${escapeName(path)}  func_cnt ${count}  `;
      if (pid !== 0) text += `pid ${pid}  `;
      text += `\n\t${"offset".padEnd(16)}   ${"ref_ctr_offset".padEnd(16)}   ${"cookies".padEnd(16)}`;
      for (const { offset, ref_ctr_offset, cookie } of uprobedPlaces(info)) {
        text += `\n\t${[offset, ref_ctr_offset, cookie].map((n) => `0x${hex(n).padEnd(16)}`).join(" ")}`;
      }
      return text;
    },
    json: (info) => ({
      retprobe: isUretprobe(info),
      path: info.path,
      func_cnt: info.count,
      pid: info.pid,
      funcs: uprobedPlaces(info),
    }),
  },
  netkit: onDevice,
  sockmap: {
    text: ({ mapId, attachType }) => `\n\tmap_id ${mapId}  ${attachTypeText(attachType)}`,
    json: ({ mapId, attachType }) => ({ map_id: mapId, attach_type: attachTypeJson(attachType) }),
  },
  // bpftool 7.8 prints no details for links of these kinds.
  tracing_multi: nothing,
  unknown: nothing,
};

const kprobe: Rendering<PerfEventOf<"kprobe" | "kretprobe">> = {
  text: ({ kind, addr, funcName, offset, missed, cookie }) => {
    if (funcName === "" && addr === 0n) return "";
    let text = `\n\t${kind} `;
    if (addr !== 0n) text += `${hex(addr)} `;
    text += escapeName(funcName);
    if (offset !== 0) text += `+0x${hex(offset)}`;
    if (missed !== 0n) text += `  missed ${missed}`;
    if (cookie !== 0n) text += `  cookie ${cookie}`;
    return `${text}  `;
  },
  json: ({ kind, addr, funcName, offset, missed, cookie }) => ({
    retprobe: kind === "kretprobe",
    addr,
    func: funcName,
    offset,
    missed,
    cookie,
  }),
};

const uprobe: Rendering<PerfEventOf<"uprobe" | "uretprobe">> = {
  text: ({ kind, fileName, offset, cookie, refCtrOffset }) => {
    if (fileName === "") return "";
    // bpftool prints the offset with %#x, which prints 0 without the prefix 0x.
    const place = offset === 0 ? "0" : `0x${hex(offset)}`;
    const counter = refCtrOffset === 0n ? "" : `ref_ctr_offset 0x${hex(refCtrOffset)}  `;
    return `\n\t${kind} ${escapeName(fileName)}+${place}  ${cookieText(cookie)}${counter}`;
  },
  json: ({ kind, fileName, offset, cookie, refCtrOffset }) => ({
    retprobe: kind === "uretprobe",
    file: fileName,
    offset,
    cookie,
    ref_ctr_offset: refCtrOffset,
  }),
};

type PerfEventOf<K extends PerfEventInfo["kind"]> = Extract<PerfEventInfo, { readonly kind: K }>;

const PERF_EVENTS: { readonly [K in PerfEventInfo["kind"]]: Rendering<PerfEventOf<K>> } = {
  uprobe,
  uretprobe: uprobe,
  kprobe,
  kretprobe: kprobe,
  tracepoint: {
    text: ({ tpName, cookie }) => (tpName === "" ? "" : `\n\ttracepoint ${escapeName(tpName)}  ${cookieText(cookie)}`),
    json: ({ tpName, cookie }) => ({ tracepoint: tpName, cookie }),
  },
  event: {
    text: ({ eventType, config, cookie }) => {
      const type = perfTypeName(eventType);
      const name = type === undefined ? `${eventType} :` : `${type}:`;
      return `\n\tevent ${name}${perfConfigName(eventType, config) ?? config}  ${cookieText(cookie)}`;
    },
    json: ({ eventType, config, cookie }) => ({
      event_type: perfTypeName(eventType) ?? eventType,
      event_config: perfConfigName(eventType, config) ?? config,
      cookie,
    }),
  },
  unspec: { text: () => "", json: () => ({}) },
};

function isKretprobe({ flags }: LinkInfoOf<"kprobe_multi">): boolean {
  return (flags & BpfKprobeMultiFlag.BPF_F_KPROBE_MULTI_RETURN) !== 0;
}

/** Returns the functions of a kprobe_multi link by ascending address. If no symbol is known, `func` is the address. */
function kprobedFunctions(
  { addrs, cookies }: LinkInfoOf<"kprobe_multi">,
  symbols: LinkDescription["symbols"],
): { addr: bigint; func: string; module: string | undefined; cookie: bigint }[] {
  const functions = addrs.map((addr, i) => {
    const symbol = symbols.get(addr);
    return { addr, func: symbol?.func ?? `0x${hex(addr)}`, module: symbol?.module, cookie: cookies?.[i] ?? 0n };
  });
  return functions.sort((a, b) => (a.addr < b.addr ? -1 : a.addr > b.addr ? 1 : 0));
}

function isUretprobe({ flags }: LinkInfoOf<"uprobe_multi">): boolean {
  return (flags & BpfUprobeMultiFlag.BPF_F_UPROBE_MULTI_RETURN) !== 0;
}

/** Returns the places of a uprobe_multi link, in the order in which they were given when the link was made. */
function uprobedPlaces({
  offsets,
  refCtrOffsets,
  cookies,
}: LinkInfoOf<"uprobe_multi">): { offset: bigint; ref_ctr_offset: bigint; cookie: bigint }[] {
  return offsets.map((offset, i) => ({ offset, ref_ctr_offset: refCtrOffsets[i] ?? 0n, cookie: cookies[i] ?? 0n }));
}

function cookieText(cookie: bigint | undefined): string {
  return cookie ? `cookie ${cookie}  ` : "";
}

function attachTypeText(type: number): string {
  return `attach_type ${attachTypeName(type) ?? type}  `;
}

function attachTypeJson(type: number): JsonValue {
  return attachTypeName(type) ?? type;
}

function deviceText(ifindex: number, deviceName: string | undefined): string {
  if (ifindex === 0) return "ifindex (detached)  ";
  return deviceName === undefined ? "ifindex (unknown)  " : `ifindex ${escapeName(deviceName)}(${ifindex})  `;
}

function deviceJson(ifindex: number, deviceName: string | undefined): Members {
  return { devname: ifindex === 0 ? "(detached)" : (deviceName ?? "(unknown)"), ifindex };
}

function hex(n: bigint | number): string {
  return n.toString(16);
}
