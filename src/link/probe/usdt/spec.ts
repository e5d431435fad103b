import { UsageError } from "../../../errors/index.ts";
import { MOST_ARGUMENTS, type UsdtArgument } from "./arguments.ts";

/** `enum __bpf_usdt_arg_type` of libbpf's usdt.bpf.h. */
const ARG_TYPE = { constant: 0, register: 1, memory: 2, indexed: 3 } as const;

/** The byte offsets of the members of `struct __bpf_usdt_arg_spec`. `val_off` is always at 0. */
interface Layout {
  readonly size: number;
  readonly arg_type: number;
  /** The offset of the 16 bits with `idx_reg_off` (12 bits) and `scale_bitshift` (4 bits). */
  readonly index: number | undefined;
  readonly reg_off: number;
  readonly arg_signed: number;
  readonly arg_bitshift: number;
}

// libbpf 1.7 added the index register to the struct as a u16 bit-field. The alignment of this bit-field moved the
// members after it. The size of the map's values shows with which version of the header the object was built.
const UP_TO_1_6: Layout = { size: 16, arg_type: 8, index: undefined, reg_off: 12, arg_signed: 14, arg_bitshift: 15 };
const FROM_1_7: Layout = { size: 24, arg_type: 8, index: 10, reg_off: 14, arg_signed: 16, arg_bitshift: 17 };

/** `usdt_cookie` and `arg_cnt` follow the arguments. */
const TAIL_SIZE = 16;

function layoutOf(valueSize: number): Layout {
  const layout = [UP_TO_1_6, FROM_1_7].find(({ size }) => size * MOST_ARGUMENTS + TAIL_SIZE === valueSize);
  if (layout !== undefined) return layout;
  throw new UsageError(
    `the map __bpf_usdt_specs has values of ${valueSize} bytes, but no usdt.bpf.h up to libbpf 1.8 has values of this size`,
  );
}

/**
 * Encodes a value of the map `__bpf_usdt_specs`. Programs that were built with libbpf's usdt.bpf.h look up their
 * arguments and their cookie in this map. `valueSize` is the map's value size, which depends on the version of the
 * header.
 */
export function encodeUsdtSpec(args: readonly UsdtArgument[], cookie: bigint, valueSize: number): Uint8Array {
  const layout = layoutOf(valueSize);
  const bytes = new Uint8Array(valueSize);
  const view = new DataView(bytes.buffer);
  args.forEach((argument, i) => {
    const at = i * layout.size;
    const offset = argument.kind === "constant" ? argument.value : argument.kind === "register" ? 0n : argument.offset;
    view.setBigUint64(at, BigInt.asUintN(64, offset), true);
    view.setUint8(at + layout.arg_type, ARG_TYPE[argument.kind]);
    if (argument.kind === "indexed") {
      if (layout.index === undefined) {
        throw new UsageError(
          `USDT argument ${i + 1} has an index register, which the object's usdt.bpf.h does not support; build the object with libbpf 1.7 or newer`,
        );
      }
      view.setUint16(at + layout.index, argument.index | (Math.log2(argument.scale) << 12), true);
    }
    if (argument.kind !== "constant") view.setInt16(at + layout.reg_off, argument.register, true);
    view.setUint8(at + layout.arg_signed, argument.signed ? 1 : 0);
    view.setUint8(at + layout.arg_bitshift, 64 - argument.size * 8);
  });
  const tail = layout.size * MOST_ARGUMENTS;
  view.setBigUint64(tail, BigInt.asUintN(64, cookie), true);
  view.setInt16(tail + 8, args.length, true);
  return bytes;
}
