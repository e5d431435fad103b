/** Node's crypto, loaded when something is signed: it takes 4 ms, which a load without a signature need not wait for. */
export function crypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
