import { mapTypeName } from "../uapi/index.ts";
import { type History, historyOf, type ReadLog } from "./history.ts";
import type { Kind } from "./kinds/index.ts";
import { functionName, type Operation, readOperation } from "./operation.ts";
import { describeState, parseValue } from "./register-state.ts";
import { readStep } from "./trace.ts";
import { lastInstruction, type Verdict } from "./verdict.ts";

/** The values that replace the placeholders in the texts of a kind, by the placeholder's name. */
export type Facts = Map<string, string>;

/** Returns the facts from the lines that give the reason: the named groups of the kind's patterns. */
export function factsOfLines(kind: Kind, lines: readonly string[]): Facts {
  const facts: Facts = new Map();
  for (const line of lines) {
    for (const pattern of kind.patterns) {
      for (const [name, text] of Object.entries(pattern.exec(line)?.groups ?? {})) {
        // The groups `map` and `map2` give the same fact. `map2` matches another form of the message.
        const fact = name.replace(/\d$/, "");
        if (text !== undefined && text !== "" && !facts.has(fact)) facts.set(fact, text);
      }
    }
  }
  return facts;
}

/** Finds the refused register: in the message, or by the kind's rule in the refused instruction. */
export function refusedRegister(kind: Kind, facts: Facts, operation: Operation): string | undefined {
  const named = facts.get("reg");
  if (named !== undefined) return named;
  if (kind.register === "returned") return "R0";
  if (kind.register === "result" && operation.kind === "set") return operation.register;
  if (kind.register === "operand" && operation.kind === "set" && operation.from.kind === "register") {
    return operation.from.register;
  }
  if (kind.register === "stack") return stackSlot(operation);
  if (kind.register !== "base") return undefined;
  if (operation.kind === "store") return operation.base;
  return operation.kind === "set" && operation.from.kind === "memory" ? operation.from.base : undefined;
}

/** Returns the stack slot of 8 bytes that an instruction reads: `fp-8`. */
function stackSlot(operation: Operation): string | undefined {
  if (operation.kind !== "set" || operation.from.kind !== "memory" || operation.from.base !== "R10") return undefined;
  return `fp${Math.floor(operation.from.offset / 8) * 8}`;
}

/** What was found in a log before the facts are completed. */
export interface Findings {
  readonly log: ReadLog;
  readonly verdict: Verdict;
  /** The refused instruction. */
  readonly operation: Operation;
  readonly history: History | undefined;
}

/** Adds the facts that follow from the message, from the refused instruction and from the register's history. */
export function addFacts(kind: Kind, facts: Facts, { log, verdict, operation, history }: Findings): void {
  const number = (name: string): number | undefined => {
    const text = facts.get(name);
    return text === undefined ? undefined : Number(text);
  };
  const [off, size, valueSize] = [number("off"), number("size"), number("valueSize")];
  if (off !== undefined && size !== undefined) {
    facts.set("end", `${off + size}`);
    // The stack ends at fp0. The access begins below fp0 and reaches beyond it, so only `room` of its bytes lie in the
    // stack.
    if (off < 0 && off + size > 0) facts.set("room", `${-off}`);
  }
  const proven = facts.get("proven");
  if (proven === "0") {
    facts.set("nothing", "");
    if (history?.added !== undefined) facts.set("added", `${history.added}`);
  } else if (proven !== undefined) facts.set("provenSome", proven);
  if (valueSize !== undefined && size !== undefined && valueSize >= size) facts.set("last", `${valueSize - size}`);
  if (operation.kind === "call" && !operation.isSubprogram) facts.set("call", `${functionName(operation.name)}()`);
  const type = facts.get("type");
  const state = history?.state;
  // The message gives the type at this instruction. The last state in the log may be older.
  const fits = state !== undefined && (type === undefined || parseValue(state).type === parseValue(type).type);
  if (fits) facts.set("value", describeState(state));
  else if (type !== undefined) facts.set("value", describeState(type));
  if (history?.origin !== undefined) facts.set("origin", `${history.origin}()`);
  if (history?.invalidated !== undefined) facts.set("invalidated", history.invalidated);
  if (kind.register === "stack") addStackObject(facts, log, verdict, history);
  addAllocation(facts, log, verdict);
  addMapType(facts);
}

/** Names the object in the refused stack slot. A dynptr takes two slots, and the kernel prints the lower one. */
function addStackObject(facts: Facts, log: ReadLog, { index }: Verdict, history: History | undefined): void {
  const slot = facts.get("reg");
  if (slot === undefined || !slot.startsWith("fp")) return;
  const lower = `fp${Number(slot.slice(2)) - 8}`;
  const state = history?.state ?? historyOf(log, index, lower, false).state ?? "";
  const object = /^(dynptr|iter)/.exec(state)?.[1];
  if (object !== undefined) facts.set("special", object === "iter" ? "iterator" : object);
}

/** Names the call that acquired the object, by the slot in the message. */
function addAllocation(facts: Facts, log: ReadLog, { index }: Verdict): void {
  const slot = facts.get("alloc");
  if (slot === undefined) return;
  const line = lastInstruction(log, index < 0 ? log.lines.length : index, Number(slot));
  if (line < 0) return;
  const operation = readOperation(readStep(log.lines[line] as string, line).text);
  if (operation.kind === "call") facts.set("allocText", `${functionName(operation.name)}()`);
}

/** The map types that a helper takes. */
const NEEDED_MAPS: ReadonlyMap<string, string> = new Map([
  ["bpf_tail_call", "BPF_MAP_TYPE_PROG_ARRAY"],
  ["bpf_perf_event_output", "BPF_MAP_TYPE_PERF_EVENT_ARRAY"],
  ["bpf_perf_event_read", "BPF_MAP_TYPE_PERF_EVENT_ARRAY"],
  ["bpf_perf_event_read_value", "BPF_MAP_TYPE_PERF_EVENT_ARRAY"],
  ["bpf_skb_output", "BPF_MAP_TYPE_PERF_EVENT_ARRAY"],
  ["bpf_xdp_output", "BPF_MAP_TYPE_PERF_EVENT_ARRAY"],
  ["bpf_get_stackid", "BPF_MAP_TYPE_STACK_TRACE"],
  ["bpf_redirect_map", "BPF_MAP_TYPE_DEVMAP, DEVMAP_HASH, CPUMAP or XSKMAP"],
  ["bpf_ringbuf_reserve", "BPF_MAP_TYPE_RINGBUF"],
  ["bpf_ringbuf_output", "BPF_MAP_TYPE_RINGBUF"],
  ["bpf_ringbuf_query", "BPF_MAP_TYPE_RINGBUF"],
  ["bpf_ringbuf_reserve_dynptr", "BPF_MAP_TYPE_RINGBUF"],
  ["bpf_user_ringbuf_drain", "BPF_MAP_TYPE_USER_RINGBUF"],
  ["bpf_sk_redirect_map", "BPF_MAP_TYPE_SOCKMAP"],
  ["bpf_sk_redirect_hash", "BPF_MAP_TYPE_SOCKHASH"],
  ["bpf_msg_redirect_map", "BPF_MAP_TYPE_SOCKMAP"],
  ["bpf_msg_redirect_hash", "BPF_MAP_TYPE_SOCKHASH"],
  ["bpf_sk_select_reuseport", "BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, SOCKMAP or SOCKHASH"],
  ["bpf_current_task_under_cgroup", "BPF_MAP_TYPE_CGROUP_ARRAY"],
  ["bpf_skb_under_cgroup", "BPF_MAP_TYPE_CGROUP_ARRAY"],
  ["bpf_map_push_elem", "BPF_MAP_TYPE_QUEUE, STACK or BLOOM_FILTER"],
  ["bpf_map_pop_elem", "BPF_MAP_TYPE_QUEUE or STACK"],
  ["bpf_map_peek_elem", "BPF_MAP_TYPE_QUEUE, STACK or BLOOM_FILTER"],
  ["bpf_sk_storage_get", "BPF_MAP_TYPE_SK_STORAGE"],
  ["bpf_task_storage_get", "BPF_MAP_TYPE_TASK_STORAGE"],
  ["bpf_inode_storage_get", "BPF_MAP_TYPE_INODE_STORAGE"],
  ["bpf_cgrp_storage_get", "BPF_MAP_TYPE_CGRP_STORAGE"],
  ["bpf_get_local_storage", "BPF_MAP_TYPE_CGROUP_STORAGE"],
]);

function addMapType(facts: Facts): void {
  const type = facts.get("mapType");
  if (type !== undefined) {
    const name = mapTypeName(Number(type));
    facts.set("mapTypeName", name === undefined ? type : `BPF_MAP_TYPE_${name.toUpperCase()}`);
  }
  const needed = NEEDED_MAPS.get(facts.get("function") ?? "");
  if (needed !== undefined) facts.set("neededMap", needed);
}
