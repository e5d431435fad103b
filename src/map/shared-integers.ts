import { type Btf, BtfKind, type TypeId } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";

/** A typed array of integers over shared memory: each element is read and written in one step, never torn. */
export type IntegerArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** What an integer of shared memory is: number for up to 32 bits, bigint for 64. */
export type Integer = number | bigint;

/** Whole integers, pointers and enums of 1, 2, 4 or 8 bytes as an array over a buffer; undefined for other types. */
export function integerArray(btf: Btf, typeId: TypeId, buffer: ArrayBuffer): IntegerArray | undefined {
  const kind = integerKind(btf, typeId);
  return kind === undefined ? undefined : new kind(buffer);
}

type IntegerArrayType = new (buffer: ArrayBuffer) => IntegerArray;

/** A mapping is whole pages long, so that any of these fits it. */
function integerKind(btf: Btf, typeId: TypeId): IntegerArrayType | undefined {
  const type = btf.type(resolveVariable(btf, typeId));
  switch (type.kind) {
    case "int":
      if (type.bool || type.bits !== 8 * type.size) return undefined;
      return type.signed ? SIGNED[type.size] : UNSIGNED[type.size];
    case "enum":
    case "enum64":
      return type.signed ? SIGNED[type.size] : UNSIGNED[type.size];
    case "ptr":
      return UNSIGNED[btf.pointerSize];
    default:
      return undefined;
  }
}

const SIGNED: Readonly<Record<number, IntegerArrayType>> = {
  1: Int8Array,
  2: Int16Array,
  4: Int32Array,
  8: BigInt64Array,
};
const UNSIGNED: Readonly<Record<number, IntegerArrayType>> = {
  1: Uint8Array,
  2: Uint16Array,
  4: Uint32Array,
  8: BigUint64Array,
};

function resolveVariable(btf: Btf, typeId: TypeId): TypeId {
  const id = btf.resolve(typeId);
  return btf.kind(id) === BtfKind.VAR ? btf.resolve(btf.target(id)) : id;
}

/** An operation of Atomics on an integer; its operands are numbers or, for 64 bits, bigints. `what` is for the error. */
export function atomic(
  operation: "add" | "exchange" | "compareExchange",
  array: IntegerArray,
  index: number,
  what: string,
  ...operands: Integer[]
): Integer {
  const wide = array.BYTES_PER_ELEMENT === 8;
  const fitting = operands.map((operand) => {
    if (typeof operand === "bigint" ? !wide : !Number.isSafeInteger(operand)) {
      throw new UsageError(
        `${what}: ${operand}${typeof operand === "bigint" ? "n" : ""} is no ${wide ? "integer" : "number"} for it`,
      );
    }
    return wide ? BigInt(operand) : operand;
  });
  const run = Atomics[operation] as (array: IntegerArray, index: number, ...operands: Integer[]) => Integer;
  return run(array, index, ...fitting);
}
