import { type Btf, BtfKind, type TypeId } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";

/**
 * A typed array of integers over shared memory. Each integer is read and written atomically, so no CPU sees half of a
 * write.
 */
export type IntegerArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** An integer in shared memory: a number for up to 32 bits, a bigint for 64 bits. */
export type Integer = number | bigint;

type IntegerArrayType = new (buffer: ArrayBuffer) => IntegerArray;

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

/**
 * Returns a typed array over a buffer of whole pages. The type must be an integer, a pointer or an enum, of 1, 2, 4 or
 * 8 bytes. Returns undefined for other types.
 */
export function integerArray(btf: Btf, typeId: TypeId, buffer: ArrayBuffer): IntegerArray | undefined {
  const ArrayType = arrayTypeOf(btf, typeId);
  return ArrayType === undefined ? undefined : new ArrayType(buffer);
}

function arrayTypeOf(btf: Btf, typeId: TypeId): IntegerArrayType | undefined {
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

function resolveVariable(btf: Btf, typeId: TypeId): TypeId {
  const id = btf.resolve(typeId);
  return btf.kind(id) === BtfKind.VAR ? btf.resolve(btf.target(id)) : id;
}

/** Copies the integer at the beginning of `from` to byte `at` of the shared memory, atomically. */
export function storeInteger(array: IntegerArray, at: number, from: DataView): void {
  const size = array.BYTES_PER_ELEMENT;
  if (size === 8) (array as BigUint64Array)[at / 8] = from.getBigUint64(0, true);
  else if (size === 4) array[at / 4] = from.getUint32(0, true);
  else if (size === 2) array[at / 2] = from.getUint16(0, true);
  else array[at] = from.getUint8(0);
}

/** The operations of the JavaScript object Atomics that change an integer. */
export type AtomicOperation = "add" | "exchange" | "compareExchange";

/** Runs an operation of Atomics on an integer and returns the old value. `what` names the integer in errors. */
export function runAtomic(
  operation: AtomicOperation,
  array: IntegerArray,
  index: number,
  what: string,
  ...operands: Integer[]
): Integer {
  const has64Bits = array.BYTES_PER_ELEMENT === 8;
  const converted = operands.map((operand) => {
    if (typeof operand !== "bigint" && typeof operand !== "number") {
      throw new UsageError(`${what}: an operand must be a number or a bigint, not of type ${typeof operand}`);
    }
    if (typeof operand === "bigint" && !has64Bits) {
      throw new UsageError(
        `${what}: ${operand}n is a bigint, but the operands for an integer of up to 32 bits must be numbers`,
      );
    }
    if (typeof operand === "number" && !Number.isSafeInteger(operand)) {
      throw new UsageError(`${what}: ${operand} is not an integer below 2^53; use a bigint for a larger one`);
    }
    return has64Bits ? BigInt(operand) : operand;
  });
  const run = Atomics[operation] as (array: IntegerArray, index: number, ...operands: Integer[]) => Integer;
  return run(array, index, ...converted);
}
