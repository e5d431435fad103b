import type { KeyObject } from "node:crypto";
import { UsageError } from "../../errors/index.ts";
import { encodeDer, encodeObject, readDer, Tag } from "./der.ts";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const DATA = "1.2.840.113549.1.7.1";
const SHA256 = "2.16.840.1.101.3.4.2.1";
const RSA = "1.2.840.113549.1.1.1";
const ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";

/**
 * Returns a detached signature in CMS (PKCS#7, RFC 5652) with SHA-256, in the form that the kernel's
 * bpf_verify_pkcs7_signature accepts: without certificates and signed attributes. The signature names the signer by the
 * subject key identifier of the signer's certificate. `certificate` is DER.
 */
export function signDetached(content: Uint8Array, key: KeyObject, certificate: Uint8Array, source: string): Uint8Array {
  const version = encodeDer(Tag.INTEGER, Uint8Array.of(3));
  const digest = encodeDer(Tag.SEQUENCE, encodeObject(SHA256));
  const signer = encodeDer(
    Tag.SEQUENCE,
    version,
    encodeDer(Tag.CONTEXT_0, subjectKeyIdentifier(certificate, source)),
    digest,
    signatureAlgorithm(key),
    encodeDer(Tag.OCTET_STRING, crypto().sign("sha256", content, key)),
  );
  const signedData = encodeDer(
    Tag.SEQUENCE,
    version,
    encodeDer(Tag.SET, digest),
    encodeDer(Tag.SEQUENCE, encodeObject(DATA)),
    encodeDer(Tag.SET, signer),
  );
  return encodeDer(Tag.SEQUENCE, encodeObject(SIGNED_DATA), encodeDer(Tag.CONTEXT_0_CONSTRUCTED, signedData));
}

function signatureAlgorithm(key: KeyObject): Uint8Array {
  switch (key.asymmetricKeyType) {
    case "rsa":
      return encodeDer(Tag.SEQUENCE, encodeObject(RSA), encodeDer(Tag.NULL));
    case "ec":
      return encodeDer(Tag.SEQUENCE, encodeObject(ECDSA_SHA256));
    default:
      throw new UsageError(
        `a key of type ${key.asymmetricKeyType} cannot sign a loader program: the kernel checks only RSA and ECDSA signatures`,
      );
  }
}

/** Returns the subject key identifier of a certificate (RFC 5280), which identifies the certificate's key. */
export function subjectKeyIdentifier(certificate: Uint8Array, source: string): Uint8Array {
  const [outer] = readDer(certificate, source);
  const [body] = readDer(outer?.content ?? new Uint8Array(0), source);
  const extensions = readDer(body?.content ?? new Uint8Array(0), source).find(
    ({ tag }) => tag === Tag.CONTEXT_3_CONSTRUCTED,
  );
  const wanted = Buffer.from(encodeObject(SUBJECT_KEY_IDENTIFIER));
  for (const list of readDer(extensions?.content ?? new Uint8Array(0), source)) {
    for (const { content } of readDer(list.content, source)) {
      if (!wanted.equals(content.subarray(0, wanted.length))) continue;
      const value = readDer(content, source).at(-1);
      const [identifier] = readDer(value?.content ?? new Uint8Array(0), source);
      if (identifier?.tag === Tag.OCTET_STRING) return identifier.content;
    }
  }
  throw new UsageError(
    `the certificate ${source} has no subject key identifier, which the kernel needs to find the key; make an X.509 version 3 certificate with one`,
  );
}

/** Loads Node's crypto module. Call it only to sign or hash something, because it takes 4 ms. */
export function crypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
