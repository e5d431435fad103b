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
