import type { StructOpsContents, StructOpsDescription, TypedBytes } from "../../inventory/index.ts";
import { compileFormatter } from "../output/btf-value.ts";
import { Formatted, type JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";

/** What bpftool prints for a struct whose BTF it cannot read. */
const UNKNOWN_STRUCT = "<btf_vmlinux_not_found>";

/** Returns the name of the kernel struct for output. */
export function kernelStructName({ kernelStruct }: StructOpsDescription): string {
  return kernelStruct ?? UNKNOWN_STRUCT;
}

/** Returns the line of a map in `struct_ops show`. */
export function structOpsText(map: StructOpsDescription): string {
  return `${map.id}: ${escapeName(map.name).padEnd(15)} ${kernelStructName(map).padEnd(32)}\n`;
}

/** Returns the JSON object of a map in `struct_ops show`. */
export function structOpsJson(map: StructOpsDescription): JsonValue {
  return { id: map.id, name: map.name, kernel_struct_ops: kernelStructName(map) };
}

/** Returns the two JSON objects of a map in `struct_ops dump`. `plain` selects the style of bpftool's text output. */
export function contentsJson({ info, value, callbacks }: StructOpsContents, plain: boolean): JsonValue[] {
  const names = new Map(callbacks.map(({ progId, progName }) => [progId, progName]));
  const formatted = ({ btf, type, bytes }: TypedBytes): JsonValue =>
    new Formatted((eol) => {
      const format = compileFormatter(btf, type, { plain, eol, programName: (id) => names.get(id) });
      return format(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
    });
  return [{ bpf_map_info: formatted(info) }, { [nameOf(value)]: formatted(value) }];
}

function nameOf({ btf, type }: TypedBytes): string {
  const outer = btf.type(type);
  return outer.kind === "struct" ? outer.name : "";
}
