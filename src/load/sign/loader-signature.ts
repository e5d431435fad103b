import type { KeyObject, X509Certificate } from "node:crypto";
import { basename } from "node:path";
import { UsageError } from "../../errors/index.ts";
import { readUserFile } from "../../kernel/index.ts";
import { addSessionKey, unlinkSessionKey } from "../../sys/index.ts";
import { crypto, signDetached } from "./cms.ts";

/** The key that signs a loader program. */
export interface LoaderSigner {
  /** The path of a PEM file with the private key. */
  readonly privateKey: string;
  /** The path of a PEM or DER file with the X.509 certificate of this key. */
  readonly certificate: string;
}

/** Returns the SHA-256 hash of bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return crypto().createHash("sha256").update(bytes).digest();
}

/**
 * A signature over the instructions of a loader program. The constructor throws UsageError if the key or the
 * certificate is invalid, or if they do not belong together.
 */
export class LoaderSignature {
  readonly bytes: Uint8Array;
  readonly #certificate: Uint8Array;
  readonly #description: string;

  constructor(instructions: Uint8Array, signer: LoaderSigner) {
    const key = readPrivateKey(signer.privateKey);
    const certificate = readCertificate(signer.certificate);
    if (!certificate.checkPrivateKey(key)) {
      throw new UsageError(
        `the certificate ${signer.certificate} does not belong to the private key ${signer.privateKey}`,
      );
    }
    this.#certificate = certificate.raw;
    this.#description = basename(signer.certificate);
    this.bytes = signDetached(instructions, key, certificate.raw, signer.certificate);
  }

  /** Calls a function while the certificate is in the session's keyring, where the kernel looks for it. */
  withKey<T>(run: () => T): T {
    const key = addSessionKey("asymmetric", this.#description, this.#certificate);
    try {
      return run();
    } finally {
      unlinkSessionKey(key);
    }
  }
}

function readPrivateKey(path: string): KeyObject {
  const data = readUserFile(path, "a private key in PEM");
  try {
    return crypto().createPrivateKey(data);
  } catch (error) {
    throw new UsageError(`${path} is not an unencrypted private key in PEM format`, { cause: error });
  }
}

function readCertificate(path: string): X509Certificate {
  const data = readUserFile(path, "an X.509 certificate");
  try {
    return new (crypto().X509Certificate)(data);
  } catch (error) {
    throw new UsageError(`${path} is not an X.509 certificate in PEM or DER format`, { cause: error });
  }
}
