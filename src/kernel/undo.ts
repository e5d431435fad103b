/** What a load has made so far, to take away again if a later step fails; the newest first. */
export class Undo {
  readonly #steps: (() => void)[] = [];

  add(step: () => void): void {
    this.#steps.push(step);
  }

  /** Runs every step, also when one fails: the failure that led here is the one to report. */
  run(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        step();
      } catch {
        // A close or an unlink that fails has nothing left to take away.
      }
    }
  }
}
