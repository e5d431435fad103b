import { addressOf } from "./ffi.ts";

/** What of the engine's WebAssembly is used here: the compiler's types for Node leave it out. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};
const WASM_PAGE = 0x10000;
const MOST_WASM_PAGES = 0x10000;

/**
 * Reserves memory of JavaScript's own whose address does not change: that of a WebAssembly memory. The engine gives it back
 * when nobody can see it any more, and when a worker thread is terminated, which no JavaScript of the worker could do. Its
 * buffer cannot be transferred, so no view can outlive it. Returns undefined if the engine has none.
 */
export function reserveMemory(length: number): { readonly address: number; readonly buffer: ArrayBuffer } | undefined {
  const pages = Math.ceil(length / WASM_PAGE);
  if (pages > MOST_WASM_PAGES) return undefined;
  try {
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
    return { address: addressOf(new Uint8Array(buffer)), buffer };
  } catch (error) {
    // The address space of the process is limited, or WebAssembly is switched off.
    if (error instanceof RangeError || error instanceof ReferenceError) return undefined;
    throw error;
  }
}
