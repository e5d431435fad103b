/** Steps that undo what was made so far, for the case that a later step fails. The newest runs first. */
export class Undo {
  readonly #steps: (() => void)[] = [];

  add(step: () => void): void {
    this.#steps.push(step);
  }

  /** Runs every step, even if one throws: the caller reports the failure that led here. */
  run(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        step();
      } catch {
        // If a close or an unlink fails, nothing is left to undo.
      }
    }
  }
}
