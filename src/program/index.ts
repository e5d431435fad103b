export { type AttachTarget, findAttachTarget, functionTypeId } from "./attach-target.ts";
export { fullProgramName, functionName, infoRecords, mainFunctionName } from "./debug-info.ts";
export { openDisassembler } from "./disassembly/disassembler.ts";
export { type LoadedInstructions, loadedInstructions } from "./instructions.ts";
export { type JitedProgram, jitedProgram } from "./jited.ts";
export { btfOfMapUsers } from "./map-users.ts";
export { type MetadataVariable, programMetadata } from "./metadata.ts";
export {
  openProgram,
  Program,
  type ProgramInfo,
  type ProgramInfoRequest,
  type ProgramOrigin,
  programs,
} from "./program.ts";
export { enableStats, type ProgramStats, StatsCounting } from "./stats.ts";
export { readStream, type StreamName } from "./stream.ts";
export type { BenchmarkResult, RunOptions, RunResult } from "./test-run.ts";
