import { WordView } from "../layout/index.ts";

/** Memory for keys or values, seen both ways: made once, filled many times. */
export interface Room {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Room of `size` zeroed bytes. */
export function makeRoom(size: number): Room {
  const bytes = new Uint8Array(size);
  return { bytes, view: new WordView(bytes.buffer) };
}
