// How long records are handed out before the event loop gets its turn, by a clock that the test moves.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { LoopTurn } from "../../src/events/loop-turn.ts";

/** Hands out turns of records that take so many milliseconds each, and returns what the later turns took. */
function turnsOf(t: TestContext, milliseconds: number): { readonly took: number[]; readonly slices: number[] } {
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  const turn = new LoopTurn();
  const took: number[] = [];
  const slices: number[] = [];
  for (let count = 0; count < 20; count++) {
    turn.begin();
    const began = now;
    do {
      slices.push(turn.slice);
      now += turn.slice * milliseconds;
    } while (!turn.isOver());
    took.push(now - began);
  }
  t.mock.restoreAll();
  return { took: took.slice(1), slices };
}

test("a turn ends after about 10 ms, whatever a record takes", (t) => {
  for (const milliseconds of [0.00002, 0.001, 0.1, 1, 3]) {
    const { took } = turnsOf(t, milliseconds);
    for (const turn of took) assert.ok(turn >= 10 && turn < 16, `${turn} ms with ${milliseconds} ms a record`);
  }
});

test("a record that takes longer than a turn has a turn of its own", (t) => {
  assert.deepEqual(new Set(turnsOf(t, 100).took), new Set([100]));
});

test("the clock is read once for many quick records, and more often when they become slow", (t) => {
  const { slices } = turnsOf(t, 0.00002);
  assert.equal(slices[0], 64);
  assert.equal(slices.at(-1), 4096);
  assert.equal(turnsOf(t, 3).slices.at(-1), 1);
});

test("the event loop runs its timers and callbacks while a turn passes", async () => {
  const order: string[] = [];
  const timer = new Promise<void>((resolve) => {
    setTimeout(() => {
      order.push("timer");
      resolve();
    }, 0);
  });
  const turn = new LoopTurn();
  while (order.length === 0) await turn.pass();
  await timer;
  assert.deepEqual(order, ["timer"]);
});
