import { hexByte } from "../../layout/index.ts";

const ROW = 16;

/** Returns the space before byte `index` of a block. A row has sixteen bytes, with a wider gap in the middle. */
export function gapBefore(index: number): string {
  if (index === 0) return "";
  if (index % ROW === 0) return "\n";
  return index % (ROW / 2) === 0 ? "  " : " ";
}

/** Formats bytes in rows of sixteen, as bpftool prints keys, values and events. The last row has no line end. */
export function hexBlock(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += gapBefore(i) + hexByte(bytes[i] as number);
  return text;
}

/** Returns bytes as the array that bpftool writes in JSON: `["0x01","0xff"]`. */
export function hexJson(bytes: Uint8Array): string[] {
  return Array.from(bytes, (byte) => `0x${hexByte(byte)}`);
}

/** Formats bytes as bpftool's `prog run` does: the offset, pairs of bytes, and the printable characters. */
export function* hexDump(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at < bytes.length; at += ROW) {
    let hex = "";
    let text = "";
    for (let i = at; i < at + ROW; i++) {
      const byte = bytes[i];
      hex += `${byte === undefined ? "  " : hexByte(byte)}${i % 2 === 1 ? " " : ""}`;
      if (byte === undefined) continue;
      text += byte < 0x20 || byte > 0x7e ? "." : String.fromCharCode(byte);
      if (i === at + 7) text += " ";
    }
    yield `${at.toString(16).padStart(7, "0")}\t${hex}| ${text}\n`;
  }
}
