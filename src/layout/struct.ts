import { UsageError } from "../errors/index.ts";
import type { Type, ValueOf } from "./types.ts";

// biome-ignore lint/suspicious/noExplicitAny: a record of codecs of unlike values has no narrower common type
export type Fields = Readonly<Record<string, Type<any>>>;
/** The object that a struct with these fields is read into. */
export type StructValue<F extends Fields> = { [K in keyof F]: ValueOf<F[K]> };

/** The fields of a {@link Struct}, for types that are derived from its layout. */
export type FieldsOf<S> = S extends Struct<infer F> ? F : never;

/** A C struct: a {@link Type} whose values are objects. */
export interface Struct<F extends Fields> extends Type<StructValue<F>> {
  readonly fields: F;
  /** Byte offset of each field. */
  readonly offsets: { readonly [K in keyof F]: number };
  /** Returns an object with a getter for each field. A field is decoded each time that its getter is called. */
  view(view: DataView, at?: number): Readonly<StructValue<F>>;
  /**
   * Like {@link view}, but a field past the first `length` bytes reads as undefined.
   * Use it for `bpf_*_info` structs, which an older kernel fills only in part.
   */
  partial(view: DataView, length: number, at?: number): Readonly<Partial<StructValue<F>>>;
  /** Writes only the fields named in `value`. */
  fill(view: DataView, at: number, value: Partial<StructValue<F>>): void;
  /** Allocates a zeroed buffer for one struct and writes `init` into it. */
  alloc(init?: Partial<StructValue<F>>): DataView;
}

/**
 * Declares a C struct. The order of the keys is the order in memory, with the padding of the C ABI. A process uses few
 * of the kernel's structs, so offsets are computed at the first use. If `fields` is a function, the first use calls it.
 */
export function struct<const F extends Fields>(fields: F | (() => F), options: { size?: number } = {}): Struct<F> {
  return new CStruct(fields, options.size) as unknown as Struct<F>;
}

type AnyValue = Readonly<Record<string, unknown>>;

class CStruct implements Struct<Fields> {
  readonly #declared: Fields | (() => Fields);
  readonly #fixedSize: number | undefined;
  #shape: Shape | undefined;
  #viewClass: ViewClass | undefined;
  #partialClass: ViewClass | undefined;

  constructor(declared: Fields | (() => Fields), fixedSize: number | undefined) {
    this.#declared = declared;
    this.#fixedSize = fixedSize;
  }

  get #known(): Shape {
    this.#shape ??= shapeOf(typeof this.#declared === "function" ? this.#declared() : this.#declared);
    return this.#shape;
  }

  get fields(): Fields {
    return this.#known.fields;
  }

  get offsets(): Readonly<Record<string, number>> {
    return this.#known.offsets;
  }

  get align(): number {
    return this.#known.align;
  }

  get size(): number {
    return this.#fixedSize ?? this.#known.size;
  }

  view(buffer: DataView, at = 0): AnyValue {
    this.#viewClass ??= viewClass(this.#known, (field, offset) => {
      return (view) => field.read(view.buffer, view.at + offset);
    });
    return new this.#viewClass(buffer, at, this.size) as unknown as AnyValue;
  }

  partial(buffer: DataView, length: number, at = 0): AnyValue {
    this.#partialClass ??= viewClass(this.#known, (field, offset) => {
      const end = offset + field.size;
      return (view) => (end <= view.length ? field.read(view.buffer, view.at + offset) : undefined);
    });
    return new this.#partialClass(buffer, at, length) as unknown as AnyValue;
  }

  read(buffer: DataView, at: number, little?: boolean): AnyValue {
    const { fields, offsets } = this.#known;
    const out: Record<string, unknown> = {};
    for (const name in fields) out[name] = fields[name]?.read(buffer, at + (offsets[name] as number), little);
    return out;
  }

  write(buffer: DataView, at: number, value: AnyValue, little?: boolean): void {
    const { fields, offsets } = this.#known;
    for (const name in fields) fields[name]?.write(buffer, at + (offsets[name] as number), value[name], little);
  }

  fill(buffer: DataView, at: number, value: AnyValue): void {
    const { fields, offsets } = this.#known;
    for (const name in value) {
      const field = fields[name];
      if (field === undefined) throw new RangeError(`the struct has no field ${name}`);
      if (value[name] !== undefined) writeField(name, field, buffer, at + (offsets[name] as number), value[name]);
    }
  }

  alloc(init?: AnyValue): DataView {
    const buffer = new DataView(new ArrayBuffer(this.size));
    if (init !== undefined) this.fill(buffer, 0, init);
    return buffer;
  }
}

/** Writes a field. A value that does not fit is the caller's mistake: the UsageError names the field. */
function writeField(name: string, field: Type<unknown>, buffer: DataView, at: number, value: unknown): void {
  try {
    field.write(buffer, at, value);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

interface Shape {
  readonly fields: Fields;
  readonly offsets: Readonly<Record<string, number>>;
  readonly size: number;
  readonly align: number;
}

function shapeOf(fields: Fields): Shape {
  const offsets: Record<string, number> = {};
  let end = 0;
  let align = 1;
  for (const name in fields) {
    const field = fields[name] as Type<unknown>;
    const at = Math.ceil(end / field.align) * field.align;
    offsets[name] = at;
    end = at + field.size;
    if (field.align > align) align = field.align;
  }
  return { fields, offsets, size: Math.ceil(end / align) * align, align };
}

interface RawView {
  readonly buffer: DataView;
  readonly at: number;
  readonly length: number;
}
type ViewClass = new (buffer: DataView, at: number, length: number) => RawView;

/** Creates a class whose prototype has a getter for each field. */
function viewClass(
  { fields, offsets }: Shape,
  getter: (field: Type<unknown>, at: number) => (view: RawView) => unknown,
): ViewClass {
  class View implements RawView {
    readonly buffer: DataView;
    readonly at: number;
    readonly length: number;
    constructor(buffer: DataView, at: number, length: number) {
      this.buffer = buffer;
      this.at = at;
      this.length = length;
    }
  }
  for (const [name, field] of Object.entries(fields)) {
    const read = getter(field, offsets[name] as number);
    Object.defineProperty(View.prototype, name, {
      enumerable: true,
      get(this: RawView) {
        return read(this);
      },
    });
  }
  return View;
}
