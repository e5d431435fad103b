/**
 * Makes `return()` of an async generator end a pending `next()`: it calls `wake` first, which must let the generator end.
 * Otherwise the engine puts the return() behind the pending next(), which may wait for ever.
 */
export function endAtOnce<T>(
  generator: AsyncGenerator<T, void, undefined>,
  wake: () => void,
): AsyncGenerator<T, void, undefined> {
  const finish = generator.return.bind(generator);
  generator.return = (value) => {
    wake();
    return finish(value);
  };
  return generator;
}

/** A wait of a generator that can be ended from outside, for {@link endAtOnce}. */
export class EndableWait {
  isEnded = false;
  #wake: () => void = () => undefined;

  /** Ends the wait for good. */
  readonly end = (): void => {
    this.isEnded = true;
    this.#wake();
  };

  /** Ends the present wait. */
  readonly wake = (): void => this.#wake();

  /** Waits until `wake()` or `end()` is called, at most `milliseconds`. */
  async wait(milliseconds?: number): Promise<void> {
    if (this.isEnded) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
  }
}
