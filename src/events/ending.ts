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

const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` when the signal is aborted, and at once if it already is. Returns a function that takes the callback
 * off again. A signal gets one listener for all callbacks, since Node warns of a leak at more than ten listeners.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    callback();
    return () => undefined;
  }
  const callbacks = listeners.get(signal) ?? listen(signal);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  listeners.set(signal, callbacks);
  signal.addEventListener(
    "abort",
    () => {
      for (const callback of [...callbacks]) callback();
      callbacks.clear();
    },
    { once: true },
  );
  return callbacks;
}
