// What loads the assembler and BTF, on demand.
export { objectPids, perfLinkCookies } from "../kernel/index.ts";
