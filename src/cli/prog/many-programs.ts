// What loads the assembler and BTF, on demand.
export { manyProgramRecords } from "../../kernel/index.ts";
