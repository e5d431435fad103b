import { SyscallError } from "../errors/index.ts";
import { beginCall, placeBytes, placeText } from "./arena.ts";
import { lengthOf, syscall } from "./ffi.ts";

/** KEY_SPEC_SESSION_KEYRING (include/uapi/linux/keyctl.h): the keyring of the session that the process is in. */
export const SESSION_KEYRING = -3;
const KEYCTL_UNLINK = 9;

/** Adds a key to the session's keyring and returns its serial number. */
export function addSessionKey(type: string, description: string, payload: Uint8Array): number {
  beginCall();
  const [typeAt, descriptionAt, payloadAt] = [placeText(type), placeText(description), placeBytes(payload)];
  const key = syscall("add_key", typeAt, descriptionAt, payloadAt, lengthOf(payload), SESSION_KEYRING);
  if (key >= 0) return key;
  // ENODEV: the kernel lacks this type of keys. ENOENT and ENOPKG: it lacks the algorithm.
  const hint = "the kernel must be built with keys of that type and with the algorithm of this one";
  throw new SyscallError({ call: "add_key", errno: -key, subject: description, hint });
}

/** Removes a key from the session's keyring. Does nothing if the keyring does not have the key. */
export function unlinkSessionKey(key: number): void {
  syscall("keyctl", KEYCTL_UNLINK, key, SESSION_KEYRING);
}
