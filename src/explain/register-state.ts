import { ownValue } from "../layout/index.ts";

/** What the verifier knows of registers and stack slots, by name: `R1`, `fp-8`. */
export type RegisterStates = ReadonlyMap<string, string>;

/**
 * Reads the states in a text such as `R1_w=ctx() R10=fp0 fp-8=mmmm????`. A value ends at a blank outside of
 * parentheses. `frame1:` and `refs=` are left out.
 */
export function parseStates(text: string): RegisterStates {
  const states = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    while (text.charCodeAt(at) === 32) at++;
    let depth = 0;
    let end = at;
    for (; end < text.length; end++) {
      const character = text.charCodeAt(end);
      if (character === 40) depth++;
      else if (character === 41) depth--;
      else if (character === 32 && depth <= 0) break;
    }
    const word = text.slice(at, end);
    const equals = word.indexOf("=");
    if (equals > 0) {
      const name = NAME.exec(word.slice(0, equals))?.[1];
      if (name !== undefined) states.set(name, word.slice(equals + 1));
    }
    at = end + 1;
  }
  return states;
}

const NAME = /^(R\d{1,2}|fp-?\d{1,6})(?:_[a-zA-Z]{1,8})?$/;

/** What a state says: the kind of value, and the fields in its parentheses. */
export interface RegisterValue {
  /** `scalar`, `pkt`, `map_value_or_null`, `fp`, … The old `inv` reads as `scalar`. */
  readonly type: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** Reads a state such as `map_value(map=x,ks=4,vs=8)`, `inv(id=0,umax_value=255)`, `0x11`, `fp-8`. */
export function parseValue(state: string): RegisterValue {
  const open = state.indexOf("(");
  const head = open < 0 ? state : state.slice(0, open);
  const fields = new Map<string, string>();
  if (open >= 0) {
    const names: string[] = [];
    for (const part of state.slice(open + 1, state.endsWith(")") ? -1 : undefined).split(/[,=]/)) {
      const text = part.trim();
      if (/^[a-z_]\w{0,40}$/i.test(text)) names.push(text);
      else for (const name of names.splice(0)) fields.set(FIELD_NAMES.get(name) ?? name, text);
    }
    // The loop above takes the map's name in `map=counts` for the name of a field, so read it separately.
    const map = /[(,]map=([\w.]{1,64})/.exec(state)?.[1];
    if (map !== undefined) fields.set("map", map);
  }
  if (/^P?-?(?:0x[0-9a-f]+|\d+)$/.test(head)) fields.set("const", head.replace("P", ""));
  const type = head.replace(/^P/, "").replace(/^(trusted_|untrusted_|rcu_|user_|percpu_|rdonly_)+/, "");
  if (/^(?:-?\d|0x|inv|scalar)/.test(type)) return { type: "scalar", fields };
  if (/^fp/.test(type)) return { type: "fp", fields };
  return { type: /^[a-z]\w*/i.exec(type)?.[0] ?? type, fields };
}

/** The names of kernels before 5.18, with today's names. */
const FIELD_NAMES: ReadonlyMap<string, string> = new Map([
  ["smin_value", "smin"],
  ["smax_value", "smax"],
  ["umin_value", "umin"],
  ["umax_value", "umax"],
]);

const TYPE_WORDS: Readonly<Record<string, string>> = {
  scalar: "a number",
  ctx: "the context",
  fp: "a pointer to the stack",
  pkt: "a packet pointer",
  pkt_meta: "a pointer to packet metadata",
  pkt_end: "the end of the packet",
  map_ptr: "a map",
  map_value: "a pointer to a map value",
  map_value_or_null: "a pointer to a map value or NULL",
  map_key: "a pointer to a map key",
  mem: "a pointer to memory",
  mem_or_null: "a pointer to memory or NULL",
  ringbuf_mem: "a ring buffer record",
  ringbuf_mem_or_null: "a ring buffer record or NULL",
  alloc_mem: "a ring buffer record",
  alloc_mem_or_null: "a ring buffer record or NULL",
  sock: "a socket",
  sock_or_null: "a socket or NULL",
  sock_common: "a socket",
  sock_common_or_null: "a socket or NULL",
  tcp_sock: "a TCP socket",
  tcp_sock_or_null: "a TCP socket or NULL",
  xdp_sock: "an AF_XDP socket",
  flow_keys: "flow keys",
  tp_buffer: "the tracepoint's buffer",
  buf: "a pointer to a buffer",
  func: "a function",
  arena: "an arena pointer",
  dynptr_ptr: "a dynptr",
};

/** Says in words what a state is: `a pointer to a map value or NULL`, `a number from 0 to 255`. */
export function describeState(state: string): string {
  const { type, fields } = parseValue(state);
  if (type === "scalar") return describeNumber(fields);
  const words = ownValue(TYPE_WORDS, type);
  const map = fields.get("map");
  if (words !== undefined) return map === undefined || !words.includes("map") ? words : `${words} (map ${map})`;
  const pointer = /^ptr_(\w{1,128}?)(_or_null)?$/.exec(type);
  if (pointer !== null) return `a pointer to struct ${pointer[1]}${pointer[2] === undefined ? "" : " or NULL"}`;
  return type.endsWith("_or_null") ? `${type.slice(0, -"_or_null".length)} or NULL` : type;
}

/** Returns true for unsigned numbers that are negative if they are read as signed. */
function isHuge(number: string | undefined): boolean {
  return number !== undefined && /^0x[89a-f][0-9a-f]{15}$|^(?:9[2-9]\d{17}|1\d{19})$/.test(number);
}

function describeNumber(fields: ReadonlyMap<string, string>): string {
  const constant = fields.get("const");
  if (constant !== undefined) return `the number ${constant}`;
  const low = fields.get("smin") ?? fields.get("umin");
  const high = fields.get("umax") ?? fields.get("smax");
  if (low === undefined && isHuge(fields.get("umax"))) return "a number that may be negative";
  if (low !== undefined && high !== undefined) return `a number from ${low} to ${high}`;
  if (low !== undefined) return `a number from ${low}, without an upper bound`;
  if (high !== undefined) return `a number up to ${high}`;
  return "a number without known bounds";
}
