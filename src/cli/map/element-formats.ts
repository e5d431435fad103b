import { type MapTypes, mapTraits } from "../../map/index.ts";
import { type MapInfo, possibleCpus } from "../../sys/index.ts";
import { isMapOfMaps } from "../../uapi/index.ts";
import { compileFormatter } from "../output/btf-value.ts";
import { gapBefore } from "../output/hex.ts";
import { compileParts, type ElementPart, type ElementStyle, type FormatElement } from "./element-parts.ts";

const innerMapId: FormatElement = ({ values }, _, value) => String(values.view.getUint32(value, true));

/** Returns the distance in bytes from the value of one CPU to that of the next CPU. */
function stride({ value_size }: MapInfo): number {
  return Math.ceil(value_size / 8) * 8;
}

function keyBytes({ key_size }: MapInfo): ElementPart[] {
  return Array.from({ length: key_size }, (_, key) => ({ key }));
}

/** Returns the bytes of the value; for a per-CPU map, the bytes of the value of one CPU. */
function valueBytes(info: MapInfo, cpu = 0): ElementPart[] {
  return Array.from({ length: info.value_size }, (_, i) => ({ value: cpu * stride(info) + i }));
}

function cpuNumbers(): number[] {
  return Array.from({ length: possibleCpus() }, (_, cpu) => cpu);
}

/** Arranges bytes in rows of sixteen, as in bpftool's text output. */
function hexRows(bytes: readonly ElementPart[]): ElementPart[] {
  return bytes.flatMap((byte, i) => [gapBefore(i), byte]);
}

/** Returns the text form for a map without types. A short element takes one line. */
export function plainStyle(info: MapInfo): ElementStyle {
  const { key_size, value_size } = info;
  if (mapTraits(info.type).perCpu) return compileParts(perCpuText(info));
  const long = key_size > 16 || value_size > 16;
  const gap = long ? "\n" : " ";
  const parts: ElementPart[] = [];
  if (key_size > 0) {
    parts.push(`key:${gap}`, ...hexRows(keyBytes(info)), key_size + value_size <= 24 && !long ? "  " : "\n");
  }
  if (value_size > 0 && isMapOfMaps(info.type)) parts.push(`inner_map_id:${gap}`, innerMapId, " ");
  else if (value_size > 0) parts.push(`value:${gap}`, ...hexRows(valueBytes(info)));
  return compileParts([...parts, "\n"]);
}

function perCpuText(info: MapInfo): ElementPart[] {
  const parts: ElementPart[] = [];
  if (info.key_size > 0) parts.push("key:\n", ...hexRows(keyBytes(info)), "\n");
  if (info.value_size === 0) return parts;
  for (const cpu of cpuNumbers()) {
    const head = `value (CPU ${String(cpu).padStart(2, "0")}):${info.value_size > 16 ? "\n" : " "}`;
    parts.push(head, ...hexRows(valueBytes(info, cpu)), "\n");
  }
  return parts;
}

/**
 * The separators of compact or pretty JSON. `line(n)` returns the line end and the indentation of a line that is n
 * levels deeper than the element.
 */
interface Layout {
  readonly line: (levels: number) => string;
  readonly colon: string;
}

function layoutOf(eol: string | undefined): Layout {
  if (eol === undefined) return { line: () => "", colon: ":" };
  return { line: (levels) => eol + "    ".repeat(levels), colon: ": " };
}

/**
 * Returns the JSON form. It shows the bytes of each element. If the map has types, it also shows the decoded element.
 * `eol` is undefined for compact JSON.
 */
export function jsonStyle(info: MapInfo, types: MapTypes | undefined, eol: string | undefined): ElementStyle {
  const { line, colon } = layoutOf(eol);
  const hexArray = (bytes: readonly ElementPart[], end: string): ElementPart[] =>
    bytes.length === 0 ? ["[]"] : [...bytes.flatMap((byte, i) => [i === 0 ? '["0x' : '","0x', byte]), `"${end}]`];
  const parts: ElementPart[] = [`{${line(1)}"key"${colon}`, ...hexArray(keyBytes(info), line(1))];
  if (mapTraits(info.type).perCpu) {
    parts.push(`,${line(1)}"values"${colon}[`);
    for (const cpu of cpuNumbers()) {
      parts.push(`${cpu === 0 ? "" : ","}{${line(3)}"cpu"${colon}${cpu},${line(3)}"value"${colon}`);
      parts.push(...hexArray(valueBytes(info, cpu), line(3)), `${line(2)}}`);
    }
    parts.push(`${line(1)}]`);
  } else parts.push(`,${line(1)}"value"${colon}`, ...hexArray(valueBytes(info), line(1)));
  if (isMapOfMaps(info.type)) parts.push(`,${line(1)}"inner_map_id"${colon}`, innerMapId);
  if (types !== undefined) {
    const inner = eol === undefined ? undefined : line(1);
    parts.push(`,${line(1)}"formatted"${colon}`, formattedElement(info, types, false, inner));
  }
  return compileParts([...parts, `${line(0)}}`]);
}

/** Returns the text form for a map with types: pretty JSON in bpftool's plain style. */
export function typedStyle(info: MapInfo, types: MapTypes, eol: string): ElementStyle {
  return compileParts([formattedElement(info, types, true, eol)]);
}

/**
 * Decodes an element by its types and formats it: `{"key": …, "value": …}`. For a per-CPU map, the member is `values`,
 * with one value for each CPU.
 */
function formattedElement(
  info: MapInfo,
  { btf, keyTypeId, valueTypeId }: MapTypes,
  plain: boolean,
  eol: string | undefined,
): FormatElement {
  const { line, colon } = layoutOf(eol);
  const style = (levels: number) => ({ plain, eol: eol === undefined ? undefined : line(levels) });
  const keyHead = `{${line(1)}"key"${colon}`;
  const key = keyTypeId === 0 ? undefined : compileFormatter(btf, keyTypeId, style(1));
  const between = key === undefined ? `{${line(1)}` : `,${line(1)}`;
  const end = `${line(0)}}`;
  if (!mapTraits(info.type).perCpu) {
    const value = compileFormatter(btf, valueTypeId, style(1));
    const valueHead = `${between}"value"${colon}`;
    return ({ keys, values }, keyAt, valueAt) => {
      const start = key === undefined ? "" : keyHead + key(keys.view, keyAt);
      return start + valueHead + value(values.view, valueAt) + end;
    };
  }
  const value = compileFormatter(btf, valueTypeId, style(3));
  const step = stride(info);
  const cpuHeads = cpuNumbers().map((cpu) => `{${line(3)}"cpu"${colon}${cpu},${line(3)}"value"${colon}`);
  const cpuEnd = `${line(2)}}`;
  return ({ keys, values }, keyAt, valueAt) => {
    const each = cpuHeads.map((head, cpu) => head + value(values.view, valueAt + cpu * step) + cpuEnd);
    const start = key === undefined ? "" : keyHead + key(keys.view, keyAt);
    return `${start}${between}"values"${colon}[${each.join(",")}${line(1)}]${end}`;
  };
}
