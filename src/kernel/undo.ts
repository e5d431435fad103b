/** Collects functions that undo what was done so far, in case something fails later. They run in reverse order. */
export class Undo {
  readonly #steps: (() => void)[] = [];

  add(step: () => void): void {
    this.#steps.push(step);
  }

  /**
   * Runs each step, even if an earlier one throws. The errors are dropped: the caller reports the failure that made the
   * undo necessary.
   */
  run(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        step();
      } catch {
        // Ignore the error: after a failed close or unlink, nothing is left to undo.
      }
    }
  }
}
