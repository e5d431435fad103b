import { addressOf } from "./ffi.ts";

/** The part of WebAssembly that this file uses. TypeScript's types for Node do not declare WebAssembly. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};
const WASM_PAGE = 0x10000;
const MOST_WASM_PAGES = 0x10000;

/**
 * Reserves memory of the JavaScript engine whose address never changes, by creating a WebAssembly memory. The engine
 * frees this memory when nothing refers to it, and when its worker thread ends. A terminated worker runs no JavaScript,
 * so it could not free the memory itself. The buffer cannot be transferred, so no view can outlive the memory. Returns
 * undefined if the engine cannot create such memory.
 */
export function reserveMemory(length: number): { readonly address: number; readonly buffer: ArrayBuffer } | undefined {
  const pages = Math.ceil(length / WASM_PAGE);
  if (pages > MOST_WASM_PAGES) return undefined;
  try {
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
    return { address: addressOf(new Uint8Array(buffer)), buffer };
  } catch (error) {
    // RangeError: the process has too little address space. ReferenceError: WebAssembly is disabled.
    if (error instanceof RangeError || error instanceof ReferenceError) return undefined;
    throw error;
  }
}
