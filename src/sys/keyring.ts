import { SyscallError } from "../errors/index.ts";
import { beginCall, placeBytes, placeText } from "./call-buffer.ts";
import { lengthOf, syscall } from "./ffi.ts";

/** KEY_SPEC_SESSION_KEYRING (include/uapi/linux/keyctl.h): the keyring of this process's session. */
export const SESSION_KEYRING = -3;
const KEYCTL_UNLINK = 9;

/** Adds a key to the session's keyring and returns its serial number. */
export function addSessionKey(type: string, description: string, payload: Uint8Array): number {
  beginCall();
  const [typeAt, descriptionAt, payloadAt] = [placeText(type), placeText(description), placeBytes(payload)];
  const key = syscall("add_key", typeAt, descriptionAt, payloadAt, lengthOf(payload), SESSION_KEYRING);
  if (key >= 0) return key;
  // ENODEV: the kernel has no keys of this type. ENOENT and ENOPKG: the kernel does not have the algorithm.
  const hint = "the kernel must be built with support for keys of this type and for this key's algorithm";
  throw new SyscallError({ call: "add_key", errno: -key, subject: description, hint });
}

/** Removes a key from the session's keyring. Does nothing if the keyring does not contain the key. */
export function unlinkSessionKey(key: number): void {
  syscall("keyctl", KEYCTL_UNLINK, key, SESSION_KEYRING);
}
