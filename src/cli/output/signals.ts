/** Resolves when a command that goes on is told to end. Keeps the process alive until then. */
export function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  // A pending promise alone keeps no process alive.
  const alive = setInterval(() => {}, 0x7fff_ffff);
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      clearInterval(alive);
      resolve();
    });
  });
}
