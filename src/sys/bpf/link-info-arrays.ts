import { type Fields, type Struct, textUntilNul } from "../../layout/index.ts";
import {
  BPF_LINK_INFO_ARM as ARM,
  BPF_LINK_INFO_SIZE,
  BpfLinkInfoKprobeMulti,
  BpfLinkInfoTracingMulti,
  BpfLinkInfoUprobeMulti,
} from "../../uapi/index.ts";
import { beginCall, placeRoom, type Room } from "../arena.ts";
import { placeInfo, readInfo } from "./get-info.ts";
import type { KprobeMultiRecord, TracingMultiRecord, UprobeMultiRecord } from "./link-info-types.ts";

// Each function here asks once more for a link whose kind is known, with room for its texts and arrays. `plain` is the
// first answer, which says how many elements there are: a link's targets never change, and the answer that ends with
// ENOSPC for too little room says nothing. A pointer and its length must be given both or neither (EINVAL otherwise).

const PATH_MAX = 4096;

/** An answer of the kernel. It is overwritten by the next call: read what is needed before. */
export interface LinkAnswer {
  readonly view: DataView;
  /** Where the union's arm begins in it. */
  readonly at: number;
  /** Bytes of the union's arm that the kernel knows. */
  readonly length: number;
  /** The text that was asked for with it: where its pointer is in the arm, and where it is in the arena. */
  readonly asked?: { readonly pointer: number; readonly text: number } | undefined;
}

/** One info call with what `prepare` writes into the arm. */
function ask(fd: number, prepare: (view: DataView) => void): LinkAnswer {
  const arena = beginCall();
  const room = placeInfo(BPF_LINK_INFO_SIZE);
  prepare(room.view);
  const length = readInfo(arena, fd, room);
  return { view: room.view, at: ARM, length: length - ARM };
}

/** @internal */
export function kprobeMultiInfo(fd: number, plain: LinkAnswer): KprobeMultiRecord {
  const { count } = BpfLinkInfoKprobeMulti.view(plain.view, plain.at);
  let addrs: Room | undefined;
  let cookies: Room | undefined;
  // Before 6.9 there is no room for cookies in the struct, and the kernel refuses bytes that it does not know.
  const withCookies = plain.length >= BpfLinkInfoKprobeMulti.size;
  const answer = ask(fd, (view) => {
    addrs = placeRoom(count * 8);
    cookies = withCookies ? placeRoom(count * 8) : undefined;
    BpfLinkInfoKprobeMulti.fill(view, ARM, { addrs: addrs.address, count, cookies: cookies?.address ?? 0 });
  });
  const info = since(BpfLinkInfoKprobeMulti, answer);
  return {
    count,
    flags: info.flags ?? 0,
    missed: info.missed,
    addrs: u64s(addrs, count) ?? [],
    cookies: u64s(cookies, count),
  };
}

/** @internal */
export function uprobeMultiInfo(fd: number, plain: LinkAnswer): UprobeMultiRecord {
  const { count } = BpfLinkInfoUprobeMulti.view(plain.view, plain.at);
  let path: Room | undefined;
  let offsets: Room | undefined;
  let counters: Room | undefined;
  let cookies: Room | undefined;
  const answer = ask(fd, (view) => {
    path = placeRoom(PATH_MAX);
    offsets = placeRoom(count * 8);
    counters = placeRoom(count * 8);
    cookies = placeRoom(count * 8);
    BpfLinkInfoUprobeMulti.fill(view, ARM, {
      path: path.address,
      path_size: PATH_MAX,
      offsets: offsets.address,
      ref_ctr_offsets: counters.address,
      cookies: cookies.address,
      count,
    });
  });
  const info = BpfLinkInfoUprobeMulti.read(answer.view, ARM);
  return {
    path: textOf(path),
    count: info.count,
    flags: info.flags,
    pid: info.pid,
    offsets: u64s(offsets, info.count) ?? [],
    ref_ctr_offsets: u64s(counters, info.count) ?? [],
    cookies: u64s(cookies, info.count) ?? [],
  };
}

/** @internal */
export function tracingMultiInfo(fd: number, plain: LinkAnswer): TracingMultiRecord {
  const { count } = BpfLinkInfoTracingMulti.view(plain.view, plain.at);
  let ids: Room | undefined;
  let addrs: Room | undefined;
  let cookies: Room | undefined;
  const answer = ask(fd, (view) => {
    ids = placeRoom(count * 4);
    addrs = placeRoom(count * 8);
    cookies = placeRoom(count * 8);
    BpfLinkInfoTracingMulti.fill(view, ARM, {
      count,
      ids: ids.address,
      addrs: addrs.address,
      cookies: cookies.address,
    });
  });
  const info = BpfLinkInfoTracingMulti.read(answer.view, ARM);
  const idView = ids === undefined ? undefined : viewOf(ids);
  return {
    attach_type: info.attach_type,
    count: info.count,
    btf_obj_id: info.btf_obj_id,
    ids: Array.from({ length: info.count }, (_, i) => idView?.getUint32(i * 4, true) ?? 0),
    addrs: u64s(addrs, info.count) ?? [],
    cookies: u64s(cookies, info.count) ?? [],
  };
}

function since<F extends Fields>(layout: Struct<F>, answer: LinkAnswer): ReturnType<Struct<F>["partial"]> {
  return layout.partial(answer.view, answer.length, answer.at);
}

function textOf(room: Room | undefined): string {
  return room === undefined ? "" : textUntilNul(room.bytes);
}

function viewOf(room: Room): DataView {
  return new DataView(room.bytes.buffer, room.bytes.byteOffset, room.bytes.byteLength);
}

function u64s(room: Room | undefined, count: number): bigint[] | undefined {
  if (room === undefined) return undefined;
  const view = viewOf(room);
  return Array.from({ length: count }, (_, i) => view.getBigUint64(i * 8, true));
}
