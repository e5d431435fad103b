import type { MapTypes } from "../../map/index.ts";
import { mapTraits } from "../../map/index.ts";
import type { MapInfo } from "../../sys/index.ts";
import { possibleCpus } from "../../sys/index.ts";
import { BpfMapType } from "../../uapi/index.ts";
import { compileFormatter, type ValueFormatter } from "../output/btf-value.ts";
import { formatNested, type JsonValue, RawText } from "../output/json-writer.ts";
import { KEY_BYTE, makeTemplate, type Template, VALUE_BYTE } from "./template.ts";

/** Elements one behind the other, as a walk or a lookup gives them. */
export interface Elements {
  readonly keys: { readonly bytes: Uint8Array; readonly view: DataView };
  readonly values: { readonly bytes: Uint8Array; readonly view: DataView };
}

/** How the elements of one map are written: `head` and `tail` by their bytes, what lies between by their types. */
export interface ElementStyle {
  readonly head: Template;
  /** What the bytes alone do not say; `key` and `value` are where the element's begin. */
  readonly between: ((elements: Elements, key: number, value: number) => string) | undefined;
  readonly tail: Template;
}

const BETWEEN = "\u0003";

function styleOf(source: string, valueOffsets: readonly number[], between: ElementStyle["between"]): ElementStyle {
  const [head = "", tail = ""] = source.split(BETWEEN);
  const inHead = head.split(VALUE_BYTE).length - 1;
  return {
    head: makeTemplate(head, valueOffsets),
    between,
    tail: makeTemplate(tail, valueOffsets.slice(inHead)),
  };
}

function isMapOfMaps(type: number): boolean {
  return type === BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS || type === BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS;
}

const innerMapId: NonNullable<ElementStyle["between"]> = ({ values }, _, value) =>
  String(values.view.getUint32(value, true));

/** The distance from one CPU's value to the next. */
function stride({ value_size }: MapInfo): number {
  return Math.ceil(value_size / 8) * 8;
}

/** Which bytes of the value in a system call are printed, in their order. */
function printedBytes(info: MapInfo): number[] {
  if (!mapTraits(info.type).perCpu) return Array.from({ length: info.value_size }, (_, i) => i);
  return Array.from({ length: possibleCpus() }, (_, cpu) =>
    Array.from({ length: info.value_size }, (_, i) => cpu * stride(info) + i),
  ).flat();
}

/** Bytes as bpftool's text shows them: sixteen in a row, with a gap in the middle. */
export function hexText(count: number, byte: string): string {
  let text = "";
  for (let i = 0; i < count; i++) {
    if (i > 0) text += i % 16 === 0 ? "\n" : i % 8 === 0 ? "  " : " ";
    text += byte;
  }
  return text;
}

function hexArray(count: number, byte: string): JsonValue {
  return Array.from({ length: count }, () => new RawText(`"0x${byte}"`));
}

/** The text form without types: one line for short elements. */
export function plainStyle(info: MapInfo): ElementStyle {
  const { key_size, value_size, type } = info;
  const key = hexText(key_size, KEY_BYTE);
  const value = hexText(value_size, VALUE_BYTE);
  let text = "";
  if (mapTraits(type).perCpu) {
    if (key_size > 0) text += `key:\n${key}\n`;
    for (let cpu = 0; value_size > 0 && cpu < possibleCpus(); cpu++) {
      text += `value (CPU ${String(cpu).padStart(2, "0")}):${value_size > 16 ? "\n" : " "}${value}\n`;
    }
    return styleOf(text, printedBytes(info), undefined);
  }
  const broken = key_size > 16 || value_size > 16;
  const gap = broken ? "\n" : " ";
  if (key_size > 0) text += `key:${gap}${key}${key_size + value_size <= 24 && !broken ? "  " : "\n"}`;
  if (value_size > 0) text += isMapOfMaps(type) ? `inner_map_id:${gap}${BETWEEN} ` : `value:${gap}${value}`;
  return styleOf(`${text}\n`, printedBytes(info), isMapOfMaps(type) ? innerMapId : undefined);
}

/** The JSON form: bytes, and by types where there are any. */
export function jsonStyle(info: MapInfo, types: MapTypes | undefined, eol: string | undefined): ElementStyle {
  const { key_size, value_size, type } = info;
  const key = hexArray(key_size, KEY_BYTE);
  const value = hexArray(value_size, VALUE_BYTE);
  const formatted = types === undefined ? undefined : new RawText(BETWEEN);
  const source: JsonValue = mapTraits(type).perCpu
    ? { key, values: Array.from({ length: possibleCpus() }, (_, cpu) => ({ cpu, value })), formatted }
    : { key, value, inner_map_id: isMapOfMaps(type) ? new RawText(BETWEEN) : undefined, formatted };
  const inner = eol === undefined ? undefined : `${eol}    `;
  const between = isMapOfMaps(type) ? innerMapId : types && formattedElement(info, types, false, inner);
  return styleOf(formatNested(source, eol), printedBytes(info), between);
}

/** The text form with types: pretty JSON in bpftool's plain style. */
export function typedStyle(info: MapInfo, types: MapTypes, eol: string): ElementStyle {
  return styleOf(BETWEEN, [], formattedElement(info, types, true, eol));
}

/** An element by its types: `{"key": …, "value": …}`, or `values` with one for each CPU. */
function formattedElement(
  info: MapInfo,
  { btf, keyTypeId, valueTypeId }: MapTypes,
  plain: boolean,
  eol: string | undefined,
): NonNullable<ElementStyle["between"]> {
  const deeper = (levels: number): string | undefined => (eol === undefined ? undefined : eol + "    ".repeat(levels));
  const style = (levels: number) => ({ plain, eol: deeper(levels) });
  const colon = eol === undefined ? ":" : ": ";
  const inner = deeper(1) ?? "";
  const keyHead = `{${inner}"key"${colon}`;
  const key = keyTypeId === 0 ? undefined : guarded(compileFormatter(btf, keyTypeId, style(1)));
  const between = key === undefined ? `{${inner}` : `,${inner}`;
  const end = `${eol ?? ""}}`;
  if (!mapTraits(info.type).perCpu) {
    const value = guarded(compileFormatter(btf, valueTypeId, style(1)));
    const valueHead = `${between}"value"${colon}`;
    return ({ keys, values }, keyAt, valueAt) => {
      const start = key === undefined ? "" : keyHead + key(keys.view, keyAt);
      return start + valueHead + value(values.view, valueAt) + end;
    };
  }
  const value = guarded(compileFormatter(btf, valueTypeId, style(3)));
  const step = stride(info);
  const cpuHeads = Array.from({ length: possibleCpus() }, (_, cpu) => {
    const member = deeper(3) ?? "";
    return `{${member}"cpu"${colon}${cpu},${member}"value"${colon}`;
  });
  const cpuEnd = `${deeper(2) ?? ""}}`;
  return ({ keys, values }, keyAt, valueAt) => {
    const each = cpuHeads.map((head, cpu) => head + value(values.view, valueAt + cpu * step) + cpuEnd);
    const start = key === undefined ? "" : keyHead + key(keys.view, keyAt);
    return `${start}${between}"values"${colon}[${each.join(",")}${inner}]${end}`;
  };
}

/** BTF that says more than the map has bytes for is nobody's fault here. */
function guarded(format: ValueFormatter): ValueFormatter {
  return (view, at) => {
    try {
      return format(view, at);
    } catch (error) {
      if (error instanceof RangeError) return "null";
      throw error;
    }
  };
}
