const HOST_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * A DataView whose memory is also seen as 64-bit words. `getBigUint64()` is a call on Node 20, an element of a typed
 * array a load: 9 ns against 3, which is most of what a record of wide integers costs to decode.
 */
export class WordView extends DataView<ArrayBuffer> {
  /** Whole words from the view's start, in the machine's byte order. Undefined where it begins on no multiple of 8. */
  readonly unsigned: BigUint64Array | undefined;
  readonly signed: BigInt64Array | undefined;

  constructor(buffer: ArrayBuffer, byteOffset?: number, byteLength?: number) {
    super(buffer, byteOffset, byteLength);
    const aligned = this.byteOffset % 8 === 0;
    this.unsigned = aligned ? new BigUint64Array(buffer, this.byteOffset, this.byteLength >>> 3) : undefined;
    this.signed = aligned ? new BigInt64Array(buffer, this.byteOffset, this.byteLength >>> 3) : undefined;
  }
}

type Reader = (view: DataView, at: number) => bigint;

/** Reads a u64 of any view: at once from a {@link WordView}'s words where it lies on one of them. */
export function wordReader(little: boolean): Reader {
  if (little !== HOST_LITTLE) return (view, at) => view.getBigUint64(at, little);
  return (view, at) => {
    const words = (view as Partial<WordView>).unsigned;
    return words !== undefined && (at & 7) === 0 ? (words[at >>> 3] as bigint) : view.getBigUint64(at, little);
  };
}

/** As {@link wordReader}, for an s64. */
export function signedWordReader(little: boolean): Reader {
  if (little !== HOST_LITTLE) return (view, at) => view.getBigInt64(at, little);
  return (view, at) => {
    const words = (view as Partial<WordView>).signed;
    return words !== undefined && (at & 7) === 0 ? (words[at >>> 3] as bigint) : view.getBigInt64(at, little);
  };
}
