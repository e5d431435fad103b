/**
 * Makes `return()` of an async generator end a `next()` that still waits. Without this function, the JavaScript engine
 * queues the return() behind the next(), which may wait for ever. So this function calls `wake` before return(), and
 * `wake` must make the waiting next() end.
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

/** Lets a generator wait until code outside the generator ends the wait. For {@link endAtOnce}. */
export class EndableWait {
  isEnded = false;
  #wake: () => void = () => undefined;

  /** Ends the current wait, and makes all later waits end at once. */
  readonly end = (): void => {
    this.isEnded = true;
    this.#wake();
  };

  /** Ends the current wait. */
  readonly wake = (): void => this.#wake();

  /** Waits until `wake()` or `end()` is called, or until `milliseconds` have passed. */
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
 * Calls `callback` when the signal is aborted, or at once if it is aborted already. Returns a function that removes the
 * callback. All callbacks share one listener of the signal, because Node warns of a leak at more than ten listeners.
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
