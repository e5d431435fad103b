import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { FormatError } from "../../src/errors/index.ts";
import { checkInput } from "./check-input.ts";
import { minimise } from "./minimise.ts";
import { inputOf } from "./runner.ts";
import { type Fault, type FuzzTarget, texts } from "./target.ts";
import { TARGETS } from "./targets/index.ts";

const FOLDER = "test/fuzz/found";
/** Only a hang takes so long, even on a slow or emulated machine. `npm run fuzz` allows an input 1 s. */
const HANG = 60_000;

test("inputs that the fuzzer found once are read or refused", () => {
  for (const name of readdirSync(FOLDER).filter((one) => one !== "README.md")) {
    const target = TARGETS.find((one) => one.name === name);
    assert.ok(target, `${FOLDER}/${name}: there is no such target`);
    for (const file of readdirSync(`${FOLDER}/${name}`)) {
      const data = new Uint8Array(readFileSync(`${FOLDER}/${name}/${file}`));
      assert.equal(checkInput(target, data, HANG), undefined, `${name}/${file}`);
    }
  }
});

test("every target reads its honest inputs, and some changed ones", () => {
  for (const target of TARGETS) {
    const corpus = target.corpus();
    assert.ok(corpus.length > 0, target.name);
    for (const data of corpus.slice(0, 3)) assert.equal(checkInput(target, data, HANG), undefined, target.name);
    for (let number = 0; number < 20; number++) {
      const data = inputOf(target, corpus, "test", number);
      assert.deepEqual(inputOf(target, corpus, "test", number), data);
      assert.equal(checkInput(target, data, HANG), undefined, `${target.name}, input ${number}`);
    }
  }
});

test("each kind of fault is seen, and its input made small", () => {
  const planted = (run: (data: Uint8Array) => void): FuzzTarget => ({ name: "planted", corpus: () => texts("a"), run });
  const kept: unknown[] = [];
  const cases: readonly [kind: Fault["kind"] | undefined, run: () => void][] = [
    ["error", () => void (undefined as unknown as string).length],
    [
      "error",
      () => {
        throw new RangeError("planted");
      },
    ],
    [
      "error",
      function self(): void {
        self();
      },
    ],
    ["time", () => spin(1100)],
    ["memory", () => void kept.push(new Uint8Array(600_000_000))],
    [
      undefined,
      () => {
        throw new FormatError({ source: "planted" }, "refused");
      },
    ],
  ];
  for (const [kind, fail] of cases) {
    const target = planted((data) => {
      if (data.includes(7)) fail();
    });
    const data = Uint8Array.from({ length: 100 }, (_, i) => i);
    assert.equal(checkInput(target, data)?.kind, kind);
    assert.equal(checkInput(target, data.subarray(8)), undefined);
    kept.length = 0;
    if (kind === "error") {
      const fault = checkInput(target, data);
      assert.ok(fault);
      assert.deepEqual(minimise(target, data, fault), Uint8Array.of(7));
    }
  }
});

/** Takes processor time. */
function spin(milliseconds: number): void {
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user + process.cpuUsage(before).system < milliseconds * 1000);
}
