import {
  decodeText,
  type Fields,
  type FieldsOf,
  type InfoRecord,
  infoReader,
  type Newer,
  type Pointer,
  type Struct,
  type Type,
  type ValueOf,
} from "../../layout/index.ts";
import {
  BPF_LINK_INFO_ARM as ARM,
  type ArrayField,
  BPF_LINK_INFO_SIZE,
  BpfLinkInfo,
  BpfPerfEventType,
  constantNames,
  ITER_INFO,
  type LengthField,
  LINK_INFO,
  type LinkKind,
  linkTypeName,
  PERF_EVENT_INFO,
  PERF_EVENT_INFO_AT,
  type TextField,
} from "../../uapi/index.ts";
import { beginCall, type CallBuffer, openCallBuffer, placeRoom, type Room, reserveBytes } from "../call-buffer.ts";
import { placeInfo, placeInfoAt, readInfo, readInfoAt, tryInfoAt } from "./get-info.ts";

// This file reads the info of each kind of link by the kind's layout in LINK_INFO: it reads the numbers, and replaces
// each pointer by the text or array at this address. Only iterators and perf events have special code, because their
// layout depends on their first fields.

/** The fields that every link has. */
interface LinkHead {
  /** One of BpfLinkType. */
  readonly type: number;
  readonly id: number;
  /** The id of the program; 0 for struct_ops links, and after the link was detached. */
  readonly prog_id: number;
}

type PointedTo<T> = T extends TextField
  ? string
  : T extends ArrayField<"u64">
    ? bigint[]
    : T extends ArrayField<"u32">
      ? number[]
      : never;
/**
 * The fields of a link's info, derived from a layout: its numbers, and the text or array at the address of each
 * pointer.
 */
type InfoFields<F extends Fields> = InfoRecord<F> & {
  readonly [K in keyof F as F[K] extends LengthField ? never : F[K] extends Pointer ? K : never]: F[K] extends Newer
    ? PointedTo<F[K]> | undefined
    : PointedTo<F[K]>;
};

type IterKind = keyof typeof ITER_INFO;
/**
 * The info of an iterator link. At most one of `map`, `cgroup` and `task` exists; the kind of iterator decides which
 * one. In `task`, 0 means all tasks.
 */
export type IterInfo = InfoFields<FieldsOf<typeof LINK_INFO.iter>> & {
  readonly [K in IterKind]?:
    | ValueOf<FieldsOf<(typeof ITER_INFO)[K]>[K & keyof FieldsOf<(typeof ITER_INFO)[K]>]>
    | undefined;
};

type PerfEventKind = keyof typeof PERF_EVENT_INFO;
/**
 * The target of a perf event link. `kind` is `unspec` before 6.6, where the kernel does not report the target, and for
 * a kind of target that is newer than this library.
 */
export type PerfEventInfo =
  | { readonly kind: "unspec"; readonly type: number }
  | {
      [K in PerfEventKind]: { readonly kind: K; readonly type: number } & InfoFields<
        FieldsOf<(typeof PERF_EVENT_INFO)[K]>
      >;
    }[PerfEventKind];

/** The info of one kind of link: the fields of its layout in LINK_INFO. */
export type LinkInfoOf<K extends LinkKind> = LinkHead & { readonly kind: K } & (K extends "iter"
    ? IterInfo
    : K extends "perf_event"
      ? { readonly event: PerfEventInfo }
      : InfoFields<FieldsOf<(typeof LINK_INFO)[K]>>);
/** The info of a kind of link that is newer than this library. */
export interface UnknownLinkInfo extends LinkHead {
  readonly kind: "unknown";
}
/** The kernel's information about a link. Which fields exist depends on `kind`. */
export type LinkInfo = { [K in LinkKind]: LinkInfoOf<K> }[LinkKind] | UnknownLinkInfo;

const HEAD = BpfLinkInfo.offsets;

/** Reads the kernel's information about a link. A link with texts or arrays usually takes a second system call. */
export function linkInfo(fd: number): LinkInfo {
  const callBuffer = beginCall();
  const answer = firstAnswer(callBuffer, fd);
  const head = headAt(answer.view, answer.at - ARM);
  const kind = linkTypeName(head.type) as LinkKind | undefined;
  if (kind === undefined || !Object.hasOwn(LINK_INFO, kind)) return { kind: "unknown", ...head };
  return { kind, ...head, ...armOf(kind, fd, answer) } as LinkInfo;
}

function armOf(kind: LinkKind, fd: number, answer: LinkAnswer): object {
  if (kind === "iter") return iterInfo(fd, answer);
  if (kind === "perf_event") return { event: perfEventInfo(fd, answer) };
  return infoFields(fd, answer, LINK_INFO[kind]);
}

/**
 * Reads only the first three fields, in one system call. They are enough to sort links by kind, or to learn a link's
 * id.
 */
export function linkHead(fd: number): LinkHead {
  const callBuffer = beginCall();
  const at = placeInfoAt(callBuffer, BPF_LINK_INFO_SIZE);
  readInfoAt(callBuffer, fd, at, BPF_LINK_INFO_SIZE);
  return headAt(callBuffer.view, at);
}

function headAt(view: DataView, at: number): LinkHead {
  return {
    type: view.getUint32(at + HEAD.type, true),
    id: view.getUint32(at + HEAD.id, true),
    prog_id: view.getUint32(at + HEAD.prog_id, true),
  };
}

/** The info struct that the kernel filled. The next call overwrites it. */
interface LinkAnswer {
  readonly view: DataView;
  /**
   * The offset in `view` of the union member for the link's kind. Only this union member has fields that depend on the
   * kind.
   */
  readonly at: number;
  /** The number of bytes of the union member that the kernel knows. */
  readonly length: number;
  /**
   * The text that the first call returned: the offset of the pointer to it in the union member, and the offset of the
   * text in the call buffer.
   */
  readonly text?: { readonly pointer: number; readonly at: number } | undefined;
}

/** How to read the text or array at a pointer in the layout of a kind of link. */
interface PointerPlan {
  readonly name: string;
  readonly to: "text" | "u32" | "u64";
  readonly offset: number;
  /**
   * The smallest length of the union member that contains this field; 0 if every kernel that has this kind of link has
   * the field.
   */
  readonly needs: number;
}
/** How to read the info of a kind of link. It is derived once from the layout of the kind. */
interface Plan {
  readonly readNumbers: (view: DataView, length: number, at: number) => object;
  readonly arrays: readonly PointerPlan[];
  readonly text: PointerPlan | undefined;
  /** The offset of the field with the text's length. */
  readonly length: number;
  /** The offset of the field with the number of elements. */
  readonly count: number;
}

const plans = new Map<Struct<Fields>, Plan>();

function planOf(layout: Struct<Fields>): Plan {
  let plan = plans.get(layout);
  if (plan === undefined) {
    plan = makePlan(layout);
    plans.set(layout, plan);
  }
  return plan;
}

function makePlan(layout: Struct<Fields>): Plan {
  const { fields, offsets } = layout;
  const pointers: PointerPlan[] = [];
  let length = -1;
  for (const [name, type] of Object.entries(fields)) {
    const { to, isLength, isNewer } = type as Type<unknown> & Partial<TextField & LengthField & Newer>;
    const offset = offsets[name] as number;
    if (isLength === true) length = offset;
    else if (to !== undefined) pointers.push({ name, to, offset, needs: isNewer === true ? offset + type.size : 0 });
  }
  const text = pointers.find(({ to }) => to === "text");
  const arrays = pointers.filter((one) => one !== text);
  return { readNumbers: infoReader(layout), arrays, text, length, count: offsets.count ?? -1 };
}

/**
 * Reads the numbers, texts and arrays of a layout. The layout begins `from` bytes after the start of the union member.
 */
function infoFields(fd: number, answer: LinkAnswer, layout: unknown, from = 0): object {
  const plan = planOf(layout as Struct<Fields>);
  if (plan.arrays.length > 0) return withArrays(fd, answer, plan);
  const { view, at, length } = answer;
  const { text } = plan;
  const told = text && { [text.name]: askText(fd, answer, from + text.offset, from + plan.length) };
  return { ...told, ...plan.readNumbers(view, length - from, at + from) };
}

const PATH_MAX = 4096;

/**
 * Calls the kernel again, with buffers for all arrays and for the text. The first call has returned the number of
 * elements, which never changes for a link. If a buffer is too small, the kernel returns only ENOSPC. It also rejects a
 * pointer without a length, and non-zero bytes in fields that it does not know.
 */
function withArrays(fd: number, first: LinkAnswer, plan: Plan): object {
  const { text } = plan;
  const count = first.view.getUint32(first.at + plan.count, true);
  const arrays = plan.arrays.filter(({ needs }) => needs <= first.length);
  const callBuffer = beginCall();
  const answer = placeInfo(BPF_LINK_INFO_SIZE);
  const rooms = new Map<PointerPlan, Room>();
  if (count > 0) {
    for (const one of arrays) rooms.set(one, placeAt(answer.view, ARM + one.offset, count * sizeOf(one.to)));
    answer.view.setUint32(ARM + plan.count, count, true);
    if (text !== undefined) {
      rooms.set(text, placeAt(answer.view, ARM + text.offset, PATH_MAX));
      answer.view.setUint32(ARM + plan.length, PATH_MAX, true);
    }
  }
  const length = readInfo(callBuffer, fd, answer) - ARM;
  const info = plan.readNumbers(answer.view, length, ARM) as Record<string, unknown>;
  if (text !== undefined) info[text.name] = textOf(rooms.get(text));
  for (const one of plan.arrays) info[one.name] = arrays.includes(one) ? elements(rooms.get(one), one.to) : undefined;
  return info;
}

function sizeOf(element: PointerPlan["to"]): number {
  return element === "u64" ? 8 : 4;
}

function placeAt(view: DataView, pointer: number, length: number): Room {
  const room = placeRoom(length);
  view.setUint32(pointer, room.address % 0x100000000, true);
  view.setUint32(pointer + 4, Math.floor(room.address / 0x100000000), true);
  return room;
}

function textOf(room: Room | undefined): string {
  if (room === undefined) return "";
  const end = room.bytes.indexOf(0);
  return decodeText(room.bytes, 0, end < 0 ? room.bytes.length : end);
}

function elements(room: Room | undefined, to: PointerPlan["to"]): bigint[] | number[] {
  if (room === undefined) return [];
  const { buffer, byteOffset, byteLength } = room.bytes;
  const view = new DataView(buffer, byteOffset, byteLength);
  const length = byteLength / sizeOf(to);
  return to === "u64"
    ? Array.from({ length }, (_, i) => view.getBigUint64(i * 8, true))
    : Array.from({ length }, (_, i) => view.getUint32(i * 4, true));
}

/**
 * The union member at the end of an iterator's info, by the target of the iterator. Most targets have no such member.
 */
const ITER_TARGETS: ReadonlyMap<string, IterKind> = new Map([
  ["bpf_map_elem", "map"],
  ["bpf_sk_storage_map", "map"],
  ["sockmap", "map"],
  ["cgroup", "cgroup"],
  ["task", "task"],
  ["task_file", "task"],
  ["task_vma", "task"],
]);

function iterInfo(fd: number, answer: LinkAnswer): object {
  const info = infoFields(fd, answer, LINK_INFO.iter) as { readonly target_name: string };
  const walked = ITER_TARGETS.get(info.target_name);
  if (walked === undefined) return info;
  const layout = ITER_INFO[walked] as unknown as Struct<Fields>;
  // Before 6.1 the info has no `task` member.
  if (walked === "task" && answer.length < layout.size) return info;
  return {
    ...info,
    [walked]: layout.fields[walked]?.read(answer.view, answer.at + (layout.offsets[walked] as number)),
  };
}

const PERF_EVENTS = constantNames(BpfPerfEventType, "BPF_PERF_EVENT_");

function perfEventInfo(fd: number, answer: LinkAnswer): PerfEventInfo {
  const type = answer.view.getUint32(answer.at, true);
  const kind = PERF_EVENTS.name(type) as PerfEventKind | undefined;
  // Kernels before 6.6 leave the union member empty.
  if (kind === undefined || !Object.hasOwn(PERF_EVENT_INFO, kind)) return { kind: "unspec", type };
  const fields = infoFields(fd, answer, PERF_EVENT_INFO[kind], PERF_EVENT_INFO_AT);
  return { kind, type, ...fields } as PerfEventInfo;
}

/**
 * For the last link info that had a text: the type of the link, the offset of the pointer to the text, and the length
 * of the text. A listing often has many links of one kind in a row. So the first call for the next link already passes
 * a buffer for a text at this offset, which saves the second call. This is only a guess: if the link is of another
 * kind, the call fails and is repeated, or the text is ignored.
 */
const textGuess: { link: { readonly type: number; readonly pointer: number; readonly length: number } | undefined } = {
  link: undefined,
};
/**
 * The length that the guess passes for its buffer of PATH_MAX bytes. If the link is a kprobe_multi link, the kernel
 * takes this length for a number of addresses, and writes up to that many addresses of 8 bytes. All of them must fit in
 * the buffer.
 */
const GUESSED_LENGTH = PATH_MAX / 8;

/** Asks the kernel for the info of a link for the first time. The answer may include the text. */
function firstAnswer(callBuffer: CallBuffer, fd: number): LinkAnswer {
  const { view, bytes } = callBuffer;
  const start = placeInfoAt(callBuffer, BPF_LINK_INFO_SIZE);
  const at = start + ARM;
  const guess = textGuess.link;
  if (guess !== undefined) {
    const { type, pointer } = guess;
    const text = placeText(callBuffer, at + pointer, at + guess.length, GUESSED_LENGTH);
    const length = tryInfoAt(callBuffer, fd, start, BPF_LINK_INFO_SIZE);
    if (length >= 0 && view.getUint32(start, true) === type) {
      return { view, at, length: length - ARM, text: { pointer, at: text } };
    }
    textGuess.link = undefined;
    bytes.fill(0, start, start + BPF_LINK_INFO_SIZE);
  }
  return { view, at, length: readInfoAt(callBuffer, fd, start, BPF_LINK_INFO_SIZE) - ARM };
}

/**
 * Returns the text that belongs to the pointer at offset `pointer` of the union member. If the first call did not
 * return the text, makes another call.
 */
function askText(fd: number, { at, view, text: known }: LinkAnswer, pointer: number, length: number): string {
  const callBuffer = openCallBuffer();
  const { bytes } = callBuffer;
  let text = known?.at ?? 0;
  if (known?.pointer !== pointer) {
    text = placeText(callBuffer, at + pointer, at + length, PATH_MAX);
    readInfoAt(callBuffer, fd, at - ARM, BPF_LINK_INFO_SIZE);
    textGuess.link = { type: view.getUint32(at - ARM, true), pointer, length };
  }
  let end = text;
  while (bytes[end] !== 0 && end < text + PATH_MAX) end++;
  return decodeText(bytes, text, end);
}

/** Reserves a buffer for a text, and writes the address and the length of the buffer into the info struct. */
function placeText({ base, bytes, view }: CallBuffer, pointer: number, lengthAt: number, length: number): number {
  const text = reserveBytes(PATH_MAX);
  bytes[text] = 0;
  const address = base + text;
  view.setUint32(pointer, address % 0x100000000, true);
  view.setUint32(pointer + 4, Math.floor(address / 0x100000000), true);
  view.setUint32(lengthAt, length, true);
  return text;
}
