import { parentPort, workerData } from "node:worker_threads";
import { checkInput, checkTimeAndError, MOST_MEGABYTES, memoryInUse } from "./check-input.ts";
import { minimise } from "./minimise.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import type { Fault, FuzzTarget } from "./target.ts";
import { TARGETS } from "./targets/index.ts";

/** What a {@link startRunner} worker is told. */
export interface RunnerData {
  readonly seed: string;
  readonly targets: readonly string[];
  /** How much processor time an input may take. */
  readonly mostMilliseconds: number;
  /** Where each target goes on: after its last input before a worker that died. */
  readonly next: readonly number[];
  /** What the worker is doing: target, number of the input. */
  readonly state: Int32Array;
}

/** What it reports. */
export type Report =
  | { readonly kind: "progress"; readonly target: string; readonly inputs: number }
  | {
      readonly kind: "fault";
      readonly target: string;
      readonly number: number;
      readonly fault: Fault;
      readonly data: Uint8Array;
    };

/** How long a target runs before it is the next one's turn. */
const SLICE_MILLISECONDS = 100;
/** How many inputs are tried before the memory is looked at. */
const INPUTS_PER_LOOK = 8;

/** Returns input `number` of a target, the same for the same seed. */
export function inputOf(target: FuzzTarget, corpus: readonly Uint8Array[], seed: string, number: number): Uint8Array {
  return mutate(corpus, new Random(`${seed} ${target.name} ${number}`));
}

/** Feeds the targets in turn, for ever; whoever started the worker ends it. */
function run({ seed, targets, mostMilliseconds, next, state }: RunnerData): never {
  const turns = targets.map((name, i) => {
    const target = TARGETS.find((one) => one.name === name) as FuzzTarget;
    return { target, corpus: target.corpus(), number: next[i] as number, seen: new Set<string>() };
  });
  for (;;) {
    for (const [place, turn] of turns.entries()) {
      const { target, corpus, seen } = turn;
      const first = turn.number;
      const end = performance.now() + SLICE_MILLISECONDS;
      const found = (number: number, data: Uint8Array, fault: Fault | undefined): void => {
        // One example of each fault is enough.
        const key = fault?.kind === "error" ? fault.detail : fault?.kind;
        if (fault === undefined || key === undefined || seen.has(key)) return;
        seen.add(key);
        report({ kind: "fault", target: target.name, number, fault, data: minimise(target, data, fault) });
      };
      let memory = memoryInUse();
      do {
        const { number } = turn;
        Atomics.store(state, 0, place);
        Atomics.store(state, 1, number);
        const data = inputOf(target, corpus, seed, number);
        found(number, data, checkTimeAndError(target, data, mostMilliseconds));
        turn.number++;
        if (turn.number % INPUTS_PER_LOOK !== 0) continue;
        const now = memoryInUse();
        for (let one = number; now - memory > MOST_MEGABYTES * 1e6 && one > number - INPUTS_PER_LOOK; one--) {
          const again = inputOf(target, corpus, seed, one);
          found(one, again, checkInput(target, again, mostMilliseconds));
        }
        memory = memoryInUse();
      } while (performance.now() < end);
      report({ kind: "progress", target: target.name, inputs: turn.number - first });
    }
  }
}

function report(message: Report): void {
  parentPort?.postMessage(message);
}

if (parentPort !== null) run(workerData as RunnerData);
