import type { HistoryStep, Place } from "../errors/index.ts";
import type { LineKind } from "./log-line.ts";
import { functionName, type Operation, readOperation } from "./operation.ts";
import { describeState, parseValue } from "./register-state.ts";
import { pathBackwards, sourceBefore, type TraceStep } from "./trace.ts";

/** What the log says about the refused register. */
export interface History {
  readonly steps: readonly HistoryStep[];
  /** The register's state at the refused instruction, as the kernel prints it. */
  readonly state: string | undefined;
  /** The call whose result the register is: `bpf_map_lookup_elem`. */
  readonly origin: string | undefined;
  /** The call that made the pointer unusable. */
  readonly invalidated: string | undefined;
  /** The slot of the last instruction that added a variable to the register. */
  readonly added: number | undefined;
}

/** The log of a program, with the kind of each line. */
export interface ReadLog {
  readonly lines: readonly string[];
  readonly kinds: readonly LineKind[];
}

const MOST_STEPS = 12;

/** Helpers that may move the packet. After a call, the verifier treats older pointers to the packet as scalars. */
const MOVES_PACKET =
  /^bpf_(?:xdp_adjust_(?:head|tail|meta)|skb_(?:pull_data|store_bytes|change_(?:head|tail|proto)|adjust_room|vlan_(?:push|pop)|cgroup)|clone_redirect|l[34]_csum_replace|msg_(?:pull|push|pop)_data|lwt_\w{1,32}|sk_assign|store_hdr_opt|skb_ecn_set_ce)$/;
/** Helpers that call back into the program. The arguments of the callback come from the helper. */
const CALLS_BACK = /^bpf_(?:loop|for_each_map_elem|find_vma|user_ringbuf_drain|timer_set_callback)$/;
/** Calls that consume a pointer. */
const CONSUMES = /_(?:submit|discard|release|drop|put|unref|destroy)(?:_\w{1,32})?$/;

/**
 * Follows the register backwards from the refused instruction, through copies, spills and calls, to where its value
 * comes from. A pointer counts as invalidated only if the register's states show it. `isNumber`: the kernel says that
 * the register is a scalar at the refused instruction.
 */
export function historyOf(log: ReadLog, end: number, register: string, isNumber: boolean): History {
  const tracker = new Tracker(log, register, isNumber);
  for (const step of pathBackwards(log.lines, log.kinds, end)) {
    if (step.line !== end || step.slot === undefined) tracker.read(step);
    if (tracker.isDone) break;
  }
  return tracker.history();
}

/** A call that lies between the refused instruction and the last state that is known so far. */
interface PassedCall {
  readonly name: string;
  readonly step: TraceStep;
}

class Tracker {
  readonly #log: ReadLog;
  /** The register or stack slot (`fp-8`) that is followed now. */
  #location: string;
  /** The call depth of the current step, counted from the function that is followed. */
  #depth = 0;
  #state: string | undefined;
  /** The state of the location after the current step: the first state that this step or a step after it shows. */
  #later: string | undefined;
  readonly #calls: PassedCall[] = [];
  readonly #steps: { readonly line: number; readonly step: HistoryStep }[] = [];
  #origin: string | undefined;
  #invalidated: string | undefined;
  #added: number | undefined;
  isDone = false;

  constructor(log: ReadLog, register: string, isNumber: boolean) {
    this.#log = log;
    this.#location = register;
    this.#later = isNumber ? "scalar()" : undefined;
  }

  read(step: TraceStep): void {
    if (step.slot === undefined) {
      if (this.#depth === 0) this.#see(step.states().get(this.#location));
      return;
    }
    const operation = readOperation(step.text);
    if (this.#depth > 0) {
      if (operation.kind === "exit") this.#depth++;
      else if (operation.kind === "call" && operation.isSubprogram) this.#depth--;
      return;
    }
    if (operation.kind === "exit") {
      // The caller's R0 comes from the callee: continue there. For any other location, skip the steps of the callee.
      if (this.#location !== "R0") this.#depth = 1;
      return;
    }
    this.#see(step.states().get(this.#location));
    this.#apply(operation, step);
    if (this.#steps.length >= MOST_STEPS) this.isDone = true;
  }

  /** Notes a state of the location. If the location has a pointer here and a scalar later, a call invalidated it. */
  #see(state: string | undefined): void {
    if (state === undefined) return;
    const [now, later] = [parseValue(state), this.#later === undefined ? undefined : parseValue(this.#later)];
    const isLost = now.type !== "scalar" && later?.type === "scalar";
    this.#state ??= isLost ? this.#later : state;
    if (isLost && this.#invalidated === undefined) {
      const cause = this.#calls.find(({ name }) =>
        now.type.startsWith("pkt") ? MOVES_PACKET.test(name) : CONSUMES.test(name),
      );
      if (cause !== undefined) {
        this.#invalidated = `${cause.name}() at instruction ${cause.step.slot}`;
        this.#note(cause.step, `call ${cause.name} makes ${this.#location} (${describeState(state)}) unusable`);
      }
    }
    this.#later = state;
  }

  #apply(operation: Operation, step: TraceStep): void {
    const location = this.#location;
    if (operation.kind === "call") {
      if (operation.isSubprogram) {
        // The steps before this call belong to the caller. Only arguments (R1 to R5) come from there.
        if (!/^R[1-5]$/.test(location)) this.isDone = true;
        else this.#note(step, `passed as argument ${location.slice(1)} of a call`);
        return;
      }
      const name = functionName(operation.name);
      if (location === "R0") {
        this.#origin = name;
        this.#finish(step, `call ${name} sets R0${this.#described()}`);
      } else if (/^R[1-5]$/.test(location)) {
        this.#finish(
          step,
          CALLS_BACK.test(name) ? `${name} passes ${location} to its callback` : `call ${name} destroys ${location}`,
        );
      } else this.#calls.push({ name, step });
      return;
    }
    if (operation.kind === "branch") this.#compare(operation, step);
    else if (operation.kind === "store") this.#store(operation, step);
    else if (operation.kind === "set" && operation.register === location) this.#set(operation, step);
  }

  #compare(operation: Operation & { kind: "branch" }, step: TraceStep): void {
    const value = this.#later === undefined ? undefined : parseValue(this.#later);
    if (value?.type.startsWith("pkt")) {
      const proven = provenBytes(step, value.fields.get("id"));
      if (proven !== undefined) this.#note(step, `the comparison proves ${proven} byte(s) of the packet: ${step.text}`);
    } else if (operation.left === this.#location || operation.right === this.#location) {
      this.#note(step, `compares ${this.#location}: ${step.text}`);
    }
  }

  #store(operation: Operation & { kind: "store" }, step: TraceStep): void {
    if (operation.base !== "R10" || this.#location !== `fp${operation.offset}`) return;
    if (operation.value === undefined) this.#finish(step, `writes a constant to the stack at ${this.#location}`);
    else {
      this.#note(step, `saves ${operation.value} on the stack at ${this.#location}`);
      this.#location = operation.value;
    }
  }

  #set({ from, operator }: Operation & { kind: "set" }, step: TraceStep): void {
    const location = this.#location;
    if (operator !== "=") {
      if (operator === "+=" && from.kind === "register") this.#added ??= step.slot;
      this.#note(step, `changes ${location}: ${step.text}${this.#described()}`);
    } else if (from.kind === "register") {
      if (from.register === "R10") this.#finish(step, `${location} points to the stack`);
      else {
        this.#note(step, `copies ${from.register} to ${location}`);
        this.#location = from.register;
      }
    } else if (from.kind === "memory" && from.base === "R10") {
      this.#note(step, `loads ${location} from the stack at fp${from.offset}`);
      this.#location = `fp${from.offset}`;
    } else if (from.kind === "memory") {
      this.#finish(step, `loads ${location} from memory: ${step.text}${this.#described()}`);
    } else this.#finish(step, `sets ${location}: ${step.text}${this.#described()}`);
  }

  /** Describes what the location contains after the step, if the log shows that. */
  #described(): string {
    return this.#later === undefined ? "" : `: ${describeState(this.#later)}`;
  }

  #finish(step: TraceStep, text: string): void {
    this.#note(step, text);
    this.isDone = true;
  }

  #note(step: TraceStep, text: string): void {
    this.#steps.push({ line: step.line, step: { place: placeOf(this.#log, step), text } });
  }

  history(): History {
    // The tracker reads backwards and notes an invalidating call only when it reaches the pointer. So sort the steps.
    const steps = this.#steps.sort((a, b) => a.line - b.line).map(({ step }) => step);
    return { steps, state: this.#state, origin: this.#origin, invalidated: this.#invalidated, added: this.#added };
  }
}

/** Returns how many bytes of the packet a comparison proves for pointers with this id. */
function provenBytes(step: TraceStep, id: string | undefined): string | undefined {
  for (const state of step.states().values()) {
    const { type, fields } = parseValue(state);
    const proven = fields.get("r");
    if (type === "pkt" && (fields.get("id") ?? "0") === (id ?? "0") && proven !== undefined && proven !== "0")
      return proven;
  }
  return undefined;
}

/** Returns the place of a step in the program. */
export function placeOf(log: ReadLog, step: Pick<TraceStep, "line" | "slot" | "text">): Place {
  const source = sourceBefore(log.lines, log.kinds, step.line);
  return {
    instruction: step.slot,
    text: step.text === "" ? undefined : step.text,
    file: source?.file,
    line: source?.line,
    column: undefined,
    source: source?.source,
  };
}
