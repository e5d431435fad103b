// What loads the assembler and BTF, on demand.
export { manyProgramRecords } from "../../inventory/index.ts";
