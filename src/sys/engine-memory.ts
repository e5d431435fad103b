import { addressOf } from "./ffi.ts";

/** The part of WebAssembly that this file uses. TypeScript's types for Node do not declare it. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};
const WASM_PAGE = 0x10000;
const MOST_WASM_PAGES = 0x10000;

/**
 * Reserves engine memory whose address never changes, by creating a WebAssembly memory. The engine frees it when it is
 * no longer reachable, and also when a worker thread is terminated and its JavaScript cannot clean up. The buffer
 * cannot be transferred, so no view can outlive the memory. Returns undefined if the engine has no such memory.
 */
export function reserveMemory(length: number): { readonly address: number; readonly buffer: ArrayBuffer } | undefined {
  const pages = Math.ceil(length / WASM_PAGE);
  if (pages > MOST_WASM_PAGES) return undefined;
  try {
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
    return { address: addressOf(new Uint8Array(buffer)), buffer };
  } catch (error) {
    // RangeError: the address space of the process is limited. ReferenceError: WebAssembly is disabled.
    if (error instanceof RangeError || error instanceof ReferenceError) return undefined;
    throw error;
  }
}
