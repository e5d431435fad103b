/** The library's public face: read BPF objects, load them, attach them, see what is loaded. */
export {
  BpfError,
  ClosedError,
  Errno,
  FormatError,
  NotSupportedError,
  SyscallError,
  UsageError,
} from "./errors/index.ts";
export * from "./kernel/index.ts";
export type { ExternSpec, MapSpec, ObjectSpec, ProgramSpec, VariableSpec } from "./object/index.ts";
export { parseObject } from "./object/index.ts";
