const ROW = 16;

/** Bytes in rows of 16 with a gap in the middle, as bpftool prints keys, values and events; no line end at the end. */
export function hexBlock(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    if (i > 0) text += i % ROW === 0 ? "\n" : i % 8 === 0 ? "  " : " ";
    text += (bytes[i] as number).toString(16).padStart(2, "0");
  }
  return text;
}
