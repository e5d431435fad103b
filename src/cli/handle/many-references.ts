// What loads the assembler and BTF, on demand.
export { manyObjectPids, perfLinkCookies } from "../../inventory/index.ts";
