import { type MemberReader, objectReader } from "./object-reader.ts";
import type { Fields, Struct } from "./struct.ts";
import { type Type, usize, type ValueOf } from "./types.ts";

/** Marks the type of {@link pointer}. */
export interface Pointer {
  readonly isPointer: true;
}
/** Marks a type that {@link newer} returned. */
export interface Newer {
  readonly isNewer: true;
}

/** A 64-bit pointer to an array that the kernel fills. An {@link InfoRecord} leaves the field out. */
export const pointer: Type<number> & Pointer = { ...usize, isPointer: true };

/** A field that the oldest supported kernel (5.10) lacks. In an {@link InfoRecord} it may be undefined. */
export function newer<T>(type: Type<T>): Type<T> & Newer {
  return { ...type, isNewer: true };
}

/** The plain object that a `bpf_*_info` struct is read into. It has no fields for pointers. */
export type InfoRecord<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Pointer ? never : K]: F[K] extends Newer
    ? ValueOf<F[K]> | undefined
    : ValueOf<F[K]>;
};

/**
 * Returns a function that reads an info struct. The kernel filled the struct's first `length` bytes. A field after them
 * is undefined if it is marked {@link newer}, and zero otherwise. The record shares no memory with the view.
 */
export function infoReader<F extends Fields>(
  layout: Struct<F>,
): (view: DataView, length: number, at?: number) => InfoRecord<F> {
  let members: readonly InfoMember[] = [];
  let wholeLength = 0;
  let readWhole: ((view: DataView, at: number) => unknown) | undefined;
  return (view, length, at = 0) => {
    if (readWhole === undefined) {
      members = infoMembers(layout);
      wholeLength = Math.max(...members.map(({ end }) => end));
      readWhole = objectReader(members);
    }
    if (length >= wholeLength) return readWhole(view, at) as InfoRecord<F>;
    return Object.fromEntries(
      members.map(({ name, offset, end, read, missing }) => [name, end <= length ? read(view, at + offset) : missing]),
    ) as InfoRecord<F>;
  };
}

interface InfoMember extends MemberReader {
  readonly end: number;
  /** The value to use if the kernel is too old to fill the field. */
  readonly missing: unknown;
}

function infoMembers({ fields, offsets }: Struct<Fields>): InfoMember[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    if ("isPointer" in field) return [];
    const offset = offsets[name] as number;
    const read = field.isView ? copying(field) : (view: DataView, at: number) => field.read(view, at);
    const missing = "isNewer" in field ? undefined : field.read(new DataView(new ArrayBuffer(field.size)), 0);
    return [{ name, offset, end: offset + field.size, read, missing }];
  });
}

function copying(field: Type<Uint8Array>): MemberReader["read"] {
  return (view, at) => field.read(view, at).slice();
}
