export { Errno, errnoName, errnoText } from "./errno.ts";
export {
  BpfError,
  ClosedError,
  errnoHint,
  FormatError,
  type FormatPlace,
  NotSupportedError,
  SyscallError,
  UsageError,
} from "./errors.ts";
