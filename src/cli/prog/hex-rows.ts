const ROW = 16;

/** Bytes as bpftool's `prog run` shows them: offset, pairs of bytes, and what of them prints. */
export function* hexRows(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at < bytes.length; at += ROW) {
    let hex = "";
    let text = "";
    for (let i = at; i < at + ROW; i++) {
      const byte = bytes[i];
      hex += `${byte === undefined ? "  " : byte.toString(16).padStart(2, "0")}${i % 2 === 1 ? " " : ""}`;
      if (byte === undefined) continue;
      text += byte < 0x20 || byte > 0x7e ? "." : String.fromCharCode(byte);
      if (i === at + 7) text += " ";
    }
    yield `${at.toString(16).padStart(7, "0")}\t${hex}| ${text}\n`;
  }
}
