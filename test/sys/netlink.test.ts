import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError } from "../../src/errors/index.ts";
import { parseHex } from "../../src/layout/index.ts";
import { parseRouteAnswers } from "../../src/sys/netlink.ts";

const HEADER = "2c000506 01000000 00000000";
const bytes = (hex: string): Uint8Array => parseHex(hex.replaceAll(" ", "")) as Uint8Array;

test("a message, an acknowledgement and an error with the kernel's sentence", () => {
  const message = bytes("14000000 2c000000 01000000 00000000 ffffffff");
  assert.deepEqual(parseRouteAnswers(message), { messages: [bytes("ffffffff")], end: undefined, isInterrupted: false });

  const acknowledged = bytes(`24000000 02000001 01000000 00000000 00000000 14000000 ${HEADER}`);
  assert.deepEqual(parseRouteAnswers(acknowledged).end, { errno: 0, sentence: undefined });

  const capped = bytes(`2c000000 02000003 01000000 00000000 eaffffff 14000000 ${HEADER} 070001006e6f0000`);
  assert.deepEqual(parseRouteAnswers(capped).end, { errno: 22, sentence: "no" });
  const whole = bytes(`30000000 02000002 01000000 00000000 eaffffff 14000000 ${HEADER} ffffffff 070001006e6f0000`);
  assert.deepEqual(parseRouteAnswers(whole).end, { errno: 22, sentence: "no" });
});

test("a list that changed while it was sent is marked", () => {
  const changed = bytes("14000000 2c001000 01000000 00000000 ffffffff 14000000 03000200 01000000 00000000 00000000");
  assert.deepEqual(parseRouteAnswers(changed), {
    messages: [bytes("ffffffff")],
    end: { errno: 0, sentence: undefined },
    isInterrupted: true,
  });
});

test("each prefix of an answer gives an answer or a FormatError", () => {
  const answer = bytes(
    `14000000 2c000000 01000000 00000000 ffffffff 2c000000 02000003 01000000 00000000 eaffffff 14000000 ${HEADER} 070001006e6f0000`,
  );
  assert.deepEqual(parseRouteAnswers(answer), {
    messages: [bytes("ffffffff")],
    end: { errno: 22, sentence: "no" },
    isInterrupted: false,
  });
  for (let length = 0; length < answer.length; length++) {
    if (length === 20) continue;
    assert.throws(() => parseRouteAnswers(answer.subarray(0, length)), FormatError, `${length} bytes`);
  }
});

test("an error message without room for its errno is refused", () => {
  for (const hex of ["10000000 02000000 01000000 00000000", "12000000 02000000 01000000 00000000 eaff"]) {
    assert.throws(() => parseRouteAnswers(bytes(hex)), /the answer of a netlink socket.*an errno needs 4 bytes/);
  }
  const torn = bytes("08000000 2c000000 01000000 00000000");
  assert.throws(() => parseRouteAnswers(torn), /a message of 8 bytes is shorter than its header/);
});
