import assert from "node:assert/strict";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Errno } from "../../src/errors/index.ts";
import { formatHex } from "../../src/layout/index.ts";
import { loadObject } from "../../src/load/index.ts";
import { signDetached } from "../../src/load/sign/cms.ts";
import { encodeDer, encodeObject, readDer, Tag } from "../../src/load/sign/der.ts";
import {
  addSessionKey,
  closeFd,
  kernelAtLeast,
  progInfo,
  SESSION_KEYRING,
  tryProgLoad,
  unlinkSessionKey,
} from "../../src/sys/index.ts";
import { BpfProgType } from "../../src/uapi/index.ts";
import { lacking, needs } from "../support/feature.ts";
import { returning } from "../support/programs.ts";

const DIRECTORY = "test/load/sign";
const file = (name: string): string => join(DIRECTORY, name);
const signer = (key: string, certificate: string) => ({ privateKey: file(key), certificate: file(certificate) });
const RSA = signer("rsa.key.pem", "rsa.cert.pem");
const EC = signer("ec.key.pem", "ec.cert.pem");
/** Another key of RSA. */
const OTHER = signer("bare.key.pem", "bare.cert.pem");

test("DER: lengths, identifiers, and every prefix of a certificate is refused", () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_536]) {
    const encoded = encodeDer(Tag.OCTET_STRING, new Uint8Array(length).fill(7));
    const [value] = readDer(encoded, "test");
    assert.equal(value?.content.length, length);
  }
  assert.equal(formatHex(encodeObject("1.2.840.113549.1.7.2")), "06092a864886f70d010702");
  const certificate = readFileSync(file("rsa.cert.der"));
  for (let end = 1; end < certificate.length; end += 7) {
    assert.throws(() => readDer(certificate.subarray(0, end), "test"), { name: "FormatError" });
  }
});

test("a signature is what OpenSSL makes, byte for byte", () => {
  const key = createPrivateKey(readFileSync(RSA.privateKey));
  const { raw } = new X509Certificate(readFileSync(RSA.certificate));
  const ours = signDetached(readFileSync(file("content")), key, raw, RSA.certificate);
  assert.equal(formatHex(ours), formatHex(readFileSync(file("rsa.cms"))));
});

test("files that are no key, no certificate or no pair are refused with a sentence", () => {
  const cases: [ReturnType<typeof signer>, RegExp][] = [
    [signer("none", "rsa.cert.pem"), /none cannot be read: there is no such file/],
    [signer("rsa.cert.pem", "rsa.cert.pem"), /rsa\.cert\.pem is not an unencrypted private key in PEM format$/],
    [signer("rsa.key.pem", "rsa.key.pem"), /rsa\.key\.pem is not an X\.509 certificate in PEM or DER format$/],
    [signer("rsa.key.pem", "ec.cert.pem"), /ec.cert.pem does not belong to the private key .*rsa.key.pem/],
    [signer("bare.key.pem", "bare.cert.pem"), /bare.cert.pem has no subject key identifier/],
  ];
  if (!kernelAtLeast(6, 18)) {
    assert.throws(() => loadObject("test/bpf/minimal.bpf.o", { sign: RSA }), /does not support signed loader programs/);
    return;
  }
  for (const [sign, message] of cases) {
    assert.throws(() => loadObject("test/bpf/minimal.bpf.o", { sign }), message);
  }
});

for (const [name, sign] of [
  ["RSA", RSA],
  ["RSA, the certificate in DER", signer("rsa.key.pem", "rsa.cert.der")],
  ["EC", EC],
] as const) {
  test(`a loader program signed with ${name} loads what a normal load does`, (t) => {
    if (!needs(t, "prog:signature")) return;
    for (const object of ["minimal", "counter", "core-fields"]) {
      const path = `test/bpf/${object}.bpf.o`;
      const facts = (sign_: typeof sign | undefined) => {
        using loaded = loadObject(path, { sign: sign_ });
        return Object.entries(loaded.programs).map(([key, { fd }]) => [key, formatHex(progInfo(fd).tag)]);
      };
      assert.deepEqual(facts(sign), facts(undefined), object);
    }
  });
}

test("a kernel without the check of signatures says so", (t) => {
  if (lacking("prog:signature") === false) return t.skip("this kernel checks signatures");
  const message = kernelAtLeast(6, 18)
    ? /the signed loader program: .*built without CONFIG_SYSTEM_DATA_VERIFICATION/
    : /this kernel does not support signed loader programs \(Linux 6\.18 or newer has it\)/;
  assert.throws(() => loadObject("test/bpf/minimal.bpf.o", { sign: RSA }), message);
});

const PROGRAM = returning(0);
const key = (file_: string): KeyObject => createPrivateKey(readFileSync(file_));
const certificate = (file_: string): Uint8Array => new X509Certificate(readFileSync(file_)).raw;
const signed = (one: typeof RSA, identity = one.certificate): Uint8Array =>
  signDetached(PROGRAM, key(one.privateKey), certificate(identity), identity);

/** A byte of something is another one. */
function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

/** What the kernel says to a signature while the session's keyring has a certificate, or none; 0 if it takes it. */
function verdict(signature: Uint8Array, insns: Uint8Array, known: string | undefined): number {
  const serial = known === undefined ? undefined : addSessionKey("asymmetric", "bpfts test", certificate(known));
  try {
    const type = { prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER, insns };
    const { fd, errno } = tryProgLoad({ ...type, signature, keyring_id: SESSION_KEYRING });
    if (fd !== undefined) closeFd(fd);
    return fd === undefined ? errno : 0;
  } finally {
    if (serial !== undefined) unlinkSessionKey(serial);
  }
}

for (const [name, signature, insns, known, expected] of [
  ["by the key that the keyring knows", signed(RSA), PROGRAM, RSA.certificate, 0],
  ["by an elliptic key that the keyring knows", signed(EC), PROGRAM, EC.certificate, 0],
  ["while the keyring has no key", signed(RSA), PROGRAM, undefined, Errno.ENOKEY],
  ["while the keyring has another key", signed(RSA), PROGRAM, EC.certificate, Errno.ENOKEY],
  ["of other instructions", signed(RSA), returning(1), RSA.certificate, Errno.EKEYREJECTED],
  ["with a byte changed", changed(signed(RSA), signed(RSA).length - 1), PROGRAM, RSA.certificate, Errno.EKEYREJECTED],
  ["by a key under another's name", signed(OTHER, RSA.certificate), PROGRAM, RSA.certificate, Errno.EKEYREJECTED],
  ["that is none", new Uint8Array(64), PROGRAM, RSA.certificate, Errno.EBADMSG],
] as const) {
  test(`the kernel's answer to a signature ${name}`, (t) => {
    if (!needs(t, "prog:signature")) return;
    assert.equal(verdict(signature, insns, known), expected);
  });
}
