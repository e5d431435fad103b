import type { Btf } from "../btf.ts";
import { BtfKind, type TypeId } from "../types.ts";
import { ByteSink, decodePieces } from "./byte-sink.ts";
import { CPrinter } from "./c-printer.ts";
import { FlatTypes } from "./flat-types.ts";
import { compareText } from "./name-counts.ts";
import { SortedOrder } from "./sorted-order.ts";
import { C_PER_BYTE, limitOutput } from "./work-limit.ts";

const PREAMBLE = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif

#ifndef __weak
#define __weak __attribute__((weak))
#endif

#ifndef __bpf_fastcall
#if __has_attribute(bpf_fastcall)
#define __bpf_fastcall __attribute__((bpf_fastcall))
#else
#define __bpf_fastcall
#endif
#endif

`;
const END = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`;

/** Which types to print as C, and how. */
export interface CFormatOptions {
  /**
   * Print only these types and the types that they need. By default all types are printed, and the kfuncs at the end.
   */
  readonly roots?: Iterable<TypeId> | undefined;
  /** If false, all types are printed in the order of their ids, not by name. */
  readonly sorted?: boolean | undefined;
  /** If true, the first type of the sorted order is left out unless another type needs it. bpftool 7.8 has this bug. */
  readonly likeBpftool?: boolean | undefined;
  /** If false, only the definitions are printed, without the include guard and the pragma of vmlinux.h. */
  readonly header?: boolean | undefined;
}

/** Returns types as C source, as `bpftool btf dump … format c` prints it. Throws FormatError. */
export function formatC(btf: Btf, options: CFormatOptions = {}): string {
  return decodePieces(formatCPieces(btf, options));
}

/** Does the same as {@link formatC}, but returns pieces of UTF-8. */
export function formatCPieces(btf: Btf, options: CFormatOptions = {}): Uint8Array[] {
  const types = new FlatTypes(btf);
  const pieces: Uint8Array[] = [];
  const out = new ByteSink(limitOutput(types, C_PER_BYTE, (piece) => pieces.push(piece.slice())));
  const printer = new CPrinter(types, out);
  const hasHeader = options.header !== false;
  if (hasHeader) out.text(PREAMBLE);
  if (options.roots !== undefined) {
    for (const id of options.roots) {
      btf.check(id);
      printer.define(id);
    }
  } else {
    defineAll(types, printer, options);
    declareKfuncs(types, printer, out);
  }
  if (hasHeader) out.text(END);
  out.flush();
  return pieces;
}

function defineAll(types: FlatTypes, printer: CPrinter, options: CFormatOptions): void {
  if (options.sorted === false) {
    for (let id = 1; id < types.endId; id++) printer.define(id);
    return;
  }
  const order = new SortedOrder(types);
  const definitions = order.definitions();
  for (let i = options.likeBpftool === true ? 1 : 0; i < definitions.length; i++) {
    printer.define(definitions[i] as TypeId);
  }
  for (const id of order.rest((id) => printer.isDefined(id))) printer.define(id);
}

/** Prints declarations of the kfuncs, sorted by name. A kfunc is a function with the declaration tag `bpf_kfunc`. */
function declareKfuncs(types: FlatTypes, printer: CPrinter, out: ByteSink): void {
  const { endId, words, strings } = types;
  const kfuncs: TypeId[] = [];
  const fastcalls = new Set<TypeId>();
  for (let id = 1; id < endId; id++) {
    if (types.kind(id) !== BtfKind.DECL_TAG || words[types.after(id)] !== 0xffffffff) continue;
    const target = types.target(id);
    if (types.kind(target) !== BtfKind.FUNC) continue;
    const tag = types.btf.string(types.nameOffset(id));
    if (tag === "bpf_kfunc") kfuncs.push(target);
    else if (tag === "bpf_fastcall") fastcalls.add(target);
  }
  kfuncs.sort((a, b) => compareText(strings, types.nameOffset(a), types.nameOffset(b)));
  out.text("\n/* BPF kfuncs */\n#ifndef BPF_NO_KFUNC_PROTOTYPES\n");
  for (const id of kfuncs) {
    out.text(fastcalls.has(id) ? "extern __bpf_fastcall " : "extern ");
    printer.declare(types.target(id), types.btf.string(types.nameOffset(id)));
    out.text(" __weak __ksym;\n");
  }
  out.text("#endif\n\n");
}
