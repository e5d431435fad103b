/** Runs a task for each item, at most `jobs` at the same time. Returns the results in the order of the items. */
export async function inTurns<T, R>(items: readonly T[], jobs: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    for (const [place, item] of entries) results[place] = await run(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}
