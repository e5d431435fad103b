import { UsageError } from "../errors/index.ts";
import type { Link } from "../link/index.ts";
import {
  attachFreplace,
  attachIterator,
  attachKprobe,
  attachKprobeMulti,
  attachKretprobe,
  attachKretsyscall,
  attachKsyscall,
  attachLsm,
  attachRawTracepoint,
  attachStructOps,
  attachTracepoint,
  attachTracing,
  attachTracingMulti,
  attachUprobe,
  attachUprobeMulti,
  attachUretprobe,
  attachUsdt,
  kprobeSection,
  sectionOf,
  uprobeSection,
  usdtSection,
} from "../link/index.ts";
import { type AutoAttach, parseSectionName } from "../object/index.ts";
import type { Program } from "../program/index.ts";
import { BpfProgType } from "../uapi/index.ts";
import type { BpfObject } from "./bpf-object.ts";

/** A program or a struct_ops map that was not attached, and why. */
export interface NotAttached {
  /** The name of the program or of the struct_ops map. */
  readonly name: string;
  /** The reason, as one sentence without a full stop. */
  readonly reason: string;
}

/** The links that {@link autoAttach} made. Closing this object closes all of the links. */
export class Attachments implements Disposable {
  /** The links by the name of the program, or of the struct_ops map. */
  readonly links: Readonly<Record<string, Link>>;
  /** The programs that were loaded but not attached. The caller must attach them by hand. */
  readonly left: readonly NotAttached[];

  constructor(links: Readonly<Record<string, Link>>, left: readonly NotAttached[]) {
    this.links = links;
    this.left = left;
  }

  /** Closes all links, with the last one first. A pinned link stays attached. */
  close(): void {
    closeAll(Object.values(this.links));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Attaches every program of a loaded object whose section name is a complete target, and every struct_ops map. libbpf's
 * skeletons do the same. The result also lists the programs that were not attached, because their section name is no
 * complete target or because their `autoattach` is false. If one program fails to attach, this function closes the
 * links that it has already made and throws the error.
 */
export function autoAttach(object: BpfObject): Attachments {
  const links: Record<string, Link> = Object.create(null);
  const left: NotAttached[] = [];
  try {
    for (const [name, program] of Object.entries(object.programs)) {
      const reason = whyLeft(object, program);
      if (reason !== undefined) left.push({ name, reason });
      else links[name] = attachBySection(program) as Link;
    }
    for (const name of Object.keys(object.structOps)) links[name] = attachStructOps(object, name);
  } catch (error) {
    closeAll(Object.values(links));
    throw error;
  }
  return new Attachments(links, left);
}

function closeAll(links: readonly Link[]): void {
  const failures: unknown[] = [];
  for (const link of links.toReversed()) {
    try {
      link.close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Returns why a program is not attached automatically; undefined if it is attached. */
function whyLeft(object: BpfObject, program: Program): string | undefined {
  if (program.type === BpfProgType.BPF_PROG_TYPE_STRUCT_OPS) return "the program is a callback of a struct_ops map";
  const section = sectionOf(program, "");
  const { kind } = parseSectionName(section);
  if (kind?.autoAttach === undefined) return `a section name such as ${section} does not name a complete target`;
  if (targetOf(program) === undefined) return `its section ${section} does not name a target`;
  const isWanted = object.spec.programs[program.name]?.autoattach !== false;
  return isWanted ? undefined : "autoattach is false in the program's spec";
}

/**
 * Attaches a program to the target in its section name, as libbpf's bpf_program__attach() does. Returns undefined if
 * the section name is no complete target. For some kinds, such as `xdp` and `cgroup_skb/…`, it never is.
 */
export function attachBySection(program: Program): Link | undefined {
  const { kind } = parseSectionName(program.origin.sectionName ?? "");
  const target = targetOf(program);
  if (kind?.autoAttach === undefined || target === undefined) return undefined;
  return attachKind(program, kind.name, kind.autoAttach, target);
}

/**
 * Returns the target in a program's section name: undefined if it is incomplete, or empty if the target was fixed when
 * the program was loaded.
 */
function targetOf(program: Program): string | undefined {
  const { kind, attachTo } = parseSectionName(program.origin.sectionName ?? "");
  if (kind?.autoAttach === undefined) return undefined;
  const target = program.origin.attachTo ?? attachTo;
  return target === "" && NEEDS_TARGET[kind.autoAttach] ? undefined : target;
}

/** Whether the section name must give the target. If not, the target was fixed when the program was loaded. */
const NEEDS_TARGET: Readonly<Record<AutoAttach, boolean>> = {
  kprobe: true,
  uprobe: true,
  kprobe_multi: true,
  kprobe_session: true,
  uprobe_multi: true,
  ksyscall: true,
  usdt: true,
  tp: true,
  raw_tp: true,
  trace: false,
  tracing_multi: true,
  lsm: false,
  iter: false,
};

function attachKind(program: Program, section: string, way: AutoAttach, target: string): Link {
  // True for `kretprobe`, `uretprobe.multi.s`, `kretsyscall` and the like.
  const returns = /^.ret/.test(section);
  const wrong = (form: string): UsageError =>
    new UsageError(`${program.what}: its section ${section}/${target} does not have the form ${section}/${form}`);
  switch (way) {
    case "kprobe": {
      const place = kprobeSection(target);
      if (place === undefined) throw wrong("function+offset");
      if (!returns) return attachKprobe(program, place);
      if (place.offset !== 0) throw wrong("function");
      return attachKretprobe(program, { symbol: place.symbol });
    }
    case "ksyscall":
      return returns ? attachKretsyscall(program, { syscall: target }) : attachKsyscall(program, { syscall: target });
    case "kprobe_multi":
    case "kprobe_session":
      if (!/^[\w.*?]+$/.test(target)) throw wrong("pattern");
      return attachKprobeMulti(program, { pattern: target, returns, session: way === "kprobe_session" });
    case "uprobe": {
      const place = uprobeSection(target);
      if (place === undefined) throw wrong("binary:function+offset");
      if (returns && place.offset !== 0) throw wrong("binary:function");
      return returns ? attachUretprobe(program, place) : attachUprobe(program, place);
    }
    case "uprobe_multi": {
      const [, binary, pattern] = /^([^:]+):(.+)$/.exec(target) ?? [];
      if (binary === undefined) throw wrong("binary:pattern");
      return attachUprobeMulti(program, { binary, pattern, returns, session: section.startsWith("uprobe.session") });
    }
    case "usdt": {
      const place = usdtSection(target);
      if (place === undefined) throw wrong("binary:provider:name");
      return attachUsdt(program, place);
    }
    case "tp":
      return attachTracepoint(program, { tracepoint: target });
    case "raw_tp":
      return attachRawTracepoint(program, { tracepoint: target });
    case "lsm":
      return attachLsm(program);
    case "iter":
      return attachIterator(program);
    case "tracing_multi":
      return attachTracingMulti(program, { pattern: target });
    case "trace":
      return program.type === BpfProgType.BPF_PROG_TYPE_EXT ? attachFreplace(program) : attachTracing(program);
  }
}
