import type { Type, ValueOf } from "./types.ts";

// biome-ignore lint/suspicious/noExplicitAny: a record of codecs of unlike values has no narrower common type
export type Fields = Readonly<Record<string, Type<any>>>;
/** The object that a struct of these fields reads as. */
export type StructValue<F extends Fields> = { [K in keyof F]: ValueOf<F[K]> };

/** A C struct: a {@link Type} of an object, with the offset of each field and lazy views. */
export interface Struct<F extends Fields> extends Type<StructValue<F>> {
  readonly fields: F;
  /** Byte offset of each field. */
  readonly offsets: { readonly [K in keyof F]: number };
  /** Getters over `view`; nothing is decoded until a field is read. */
  view(view: DataView, at?: number): Readonly<StructValue<F>>;
  /**
   * Like {@link view}, over only the first `length` bytes: a field past them reads as undefined.
   * For `bpf_*_info` structs, of which an older kernel fills less.
   */
  partial(view: DataView, length: number, at?: number): Readonly<Partial<StructValue<F>>>;
  /** Writes only the fields named in `value`. */
  fill(view: DataView, at: number, value: Partial<StructValue<F>>): void;
  /** A zeroed buffer of one struct with `init` written in. */
  alloc(init?: Partial<StructValue<F>>): DataView;
}

/** Declares a C struct. Padding goes where the C ABI puts it; the order of the keys is the order in memory. */
export function struct<const F extends Fields>(fields: F, options: { size?: number } = {}): Struct<F> {
  const offsets: Record<string, number> = {};
  let end = 0;
  let align = 1;
  class View {
    readonly buffer: DataView;
    readonly at: number;
    constructor(buffer: DataView, at: number) {
      this.buffer = buffer;
      this.at = at;
    }
  }
  class Partially extends View {
    readonly length: number;
    constructor(buffer: DataView, at: number, length: number) {
      super(buffer, at);
      this.length = length;
    }
  }
  const names = Object.keys(fields);
  for (const name of names) {
    const { size, align: fieldAlign, read } = fields[name] as Type<unknown>;
    const at = Math.ceil(end / fieldAlign) * fieldAlign;
    offsets[name] = at;
    end = at + size;
    if (fieldAlign > align) align = fieldAlign;
    Object.defineProperty(View.prototype, name, {
      enumerable: true,
      get(this: View) {
        return read(this.buffer, this.at + at);
      },
    });
    Object.defineProperty(Partially.prototype, name, {
      enumerable: true,
      get(this: Partially) {
        return at + size <= this.length ? read(this.buffer, this.at + at) : undefined;
      },
    });
  }
  const size = options.size ?? Math.ceil(end / align) * align;
  const self: Struct<F> = {
    fields,
    size,
    align,
    offsets: offsets as Struct<F>["offsets"],
    view: (buffer, at = 0) => new View(buffer, at) as never,
    partial: (buffer, length, at = 0) => new Partially(buffer, at, length) as never,
    read(buffer, at, little) {
      const out: Record<string, unknown> = {};
      for (const name of names) out[name] = fields[name]?.read(buffer, at + (offsets[name] as number), little);
      return out as never;
    },
    write(buffer, at, value, little) {
      for (const name of names) {
        fields[name]?.write(buffer, at + (offsets[name] as number), value[name] as never, little);
      }
    },
    fill(buffer, at, value) {
      for (const name in value) {
        const field = fields[name];
        if (field === undefined) throw new RangeError(`the struct has no field ${name}`);
        if (value[name] !== undefined) field.write(buffer, at + (offsets[name] as number), value[name] as never);
      }
    },
    alloc(init) {
      const buffer = new DataView(new ArrayBuffer(size));
      if (init !== undefined) self.fill(buffer, 0, init);
      return buffer;
    },
  };
  return self;
}
