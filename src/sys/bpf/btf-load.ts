import { BpfBtfLoadAttr, BpfCmd } from "../../uapi/index.ts";
import { beginCall, placeBytes, placeOwn } from "../call-buffer.ts";
import { lengthOf } from "../ffi.ts";
import { raiseMemlock } from "../memlock.ts";
import { commandError, tryCommand } from "./command.ts";
import { checkedLogSize, logText } from "./prog-load.ts";
import { tokenFields } from "./token.ts";

/** Options for loading BTF. All are optional. */
export interface BtfLoadOptions {
  readonly log?: { readonly level?: number | undefined; readonly size: number } | undefined;
  readonly btf_flags?: number | undefined;
  /** An fd of a token. Needs BPF_F_TOKEN_FD in `btf_flags` (6.9). */
  readonly btf_token_fd?: number | undefined;
}

/** The result of loading BTF: an fd or the errno, and the log if it was requested. */
export type BtfLoadResult = (
  | { readonly fd: number; readonly errno?: undefined }
  | { readonly fd?: undefined; readonly errno: number }
) & { readonly log: string; readonly logTrueSize: number };

/** Loads BTF. Returns an errno on failure instead of throwing. */
export function tryBtfLoad(btf: Uint8Array, options: BtfLoadOptions = {}): BtfLoadResult {
  raiseMemlock();
  const log = options.log === undefined ? undefined : new Uint8Array(checkedLogSize(options.log.size));
  const { flags, tokenFd } = tokenFields(options.btf_flags, options.btf_token_fd);
  const callBuffer = beginCall();
  BpfBtfLoadAttr.fill(callBuffer.view, 0, {
    btf: placeBytes(btf),
    btf_size: lengthOf(btf),
    btf_flags: flags,
    btf_token_fd: tokenFd,
    ...(log === undefined
      ? {}
      : { btf_log_level: options.log?.level ?? 1, btf_log_size: log.length, btf_log_buf: placeOwn(log) }),
  });
  const result = tryCommand(callBuffer, BpfCmd.BPF_BTF_LOAD, BpfBtfLoadAttr.size);
  const outcome = {
    log: log === undefined ? "" : logText(log),
    logTrueSize: callBuffer.view.getUint32(BpfBtfLoadAttr.offsets.btf_log_true_size, true),
  };
  return result >= 0 ? { fd: result, ...outcome } : { errno: -result, ...outcome };
}

/** Loads BTF and returns its fd. */
export function btfLoad(btf: Uint8Array, options: BtfLoadOptions = {}): number {
  const result = tryBtfLoad(btf, options);
  if (result.fd === undefined) {
    throw commandError(BpfCmd.BPF_BTF_LOAD, result.errno, { needs: ["CAP_BPF"], memlock: true });
  }
  return result.fd;
}
