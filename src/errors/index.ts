export { Errno, errnoName, errnoText } from "./errno.ts";
export {
  BpfError,
  ClosedError,
  FormatError,
  type FormatPlace,
  NotSupportedError,
  SyscallError,
  UsageError,
} from "./errors.ts";
