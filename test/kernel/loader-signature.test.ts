import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Errno, SyscallError } from "../../src/errors/index.ts";
import { loadObject } from "../../src/kernel/index.ts";
import { signDetached } from "../../src/kernel/sign/cms.ts";
import { encodeDer, encodeObject, readDer, Tag } from "../../src/kernel/sign/der.ts";
import { formatHex } from "../../src/layout/index.ts";
import { kernelAtLeast, progInfo } from "../../src/sys/index.ts";

const DIRECTORY = "test/kernel/sign";
const file = (name: string): string => join(DIRECTORY, name);
const signer = (key: string, certificate: string) => ({ privateKey: file(key), certificate: file(certificate) });
const RSA = signer("rsa.key.pem", "rsa.cert.pem");

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
    [signer("rsa.cert.pem", "rsa.cert.pem"), /rsa.cert.pem is no private key in PEM/],
    [signer("rsa.key.pem", "rsa.key.pem"), /rsa.key.pem is no X.509 certificate/],
    [signer("rsa.key.pem", "ec.cert.pem"), /ec.cert.pem is the certificate of another key than .*rsa.key.pem/],
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
  ["EC", signer("ec.key.pem", "ec.cert.pem")],
] as const) {
  test(`a loader program signed with ${name} loads what a normal load does`, (t) => {
    if (!kernelAtLeast(6, 18)) return t.skip("needs Linux 6.18");
    for (const object of ["minimal", "counter", "core-fields"]) {
      const path = `test/bpf/${object}.bpf.o`;
      const facts = (sign_: typeof sign | undefined) => {
        using loaded = loadObject(path, { sign: sign_ });
        return Object.entries(loaded.programs).map(([key, { fd }]) => [key, formatHex(progInfo(fd).tag)]);
      };
      const normal = facts(undefined);
      try {
        assert.deepEqual(facts(sign), normal, object);
      } catch (error) {
        if (!(error instanceof SyscallError)) throw error;
        // Neither is ECDSA in every kernel.
        if (name === "EC" && error.call === "add_key") return t.skip(error.message);
        if (error.errno !== Errno.EOPNOTSUPP) throw error;
        // CONFIG_SYSTEM_DATA_VERIFICATION is for the distribution to choose.
        assert.match(error.message, /built without the check of signatures/);
        return t.skip("this kernel does not check signatures");
      }
    }
  });
}
