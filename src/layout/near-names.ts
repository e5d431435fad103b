/** A name of this length or longer is not compared: nobody types such a name. */
const TOO_LONG = 256;

/**
 * Returns at most three of `names` that the user may have meant by `name`. They are similar to `name` or contain it.
 */
export function nearNames(name: string, names: Iterable<string>): string[] {
  const wanted = name.toLowerCase();
  if (wanted.length >= TOO_LONG) return [];
  // A typing mistake changes at most this many characters.
  const most = wanted.length < 8 ? 1 : 2;
  const found: { name: string; distance: number }[] = [];
  for (const one of names) {
    if (one.length >= TOO_LONG) continue;
    const other = one.toLowerCase();
    const contains = wanted.length >= 4 && other.includes(wanted);
    if (!contains && Math.abs(other.length - wanted.length) > most) continue;
    const distance = contains ? other.length - wanted.length : editDistance(wanted, other, most);
    if (contains || distance <= most) found.push({ name: one, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, 3).map((one) => one.name);
}

/**
 * Returns the end of an error message about a wrong name: `; did you mean 'tcp_connect'?`. Returns "" if none of
 * `names` is similar to the name. Also returns "" for a name of one or two characters, because too many names are
 * similar to it. `prefix` is written before each suggested name.
 */
export function didYouMean(name: string, names: Iterable<string>, prefix = ""): string {
  if (name.length < 3) return "";
  const near = nearNames(name, names)
    .filter((one) => one !== name)
    .map((one) => `'${prefix}${one}'`);
  return near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
}

/**
 * Counts the characters to insert, delete or change to get from `a` to `b`. Two neighbours that are swapped count as
 * one change. If the true distance exceeds `most`, the result also exceeds `most`, but may be below the true distance.
 */
function editDistance(a: string, b: string, most: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  let next = [...row];
  let before = [...row];
  let leastBefore = 0;
  for (let i = 1; i <= a.length; i++) {
    // Compute only the columns near the diagonal: in all others, the distance exceeds `most`.
    const first = Math.max(1, i - most);
    const last = Math.min(b.length, i + most);
    next.fill(most + 1);
    if (i <= most) next[0] = i;
    let least = next[0] as number;
    for (let j = first; j <= last; j++) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1);
      if (j > 1 && i > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      }
      next[j] = cost;
      least = Math.min(least, cost);
    }
    // The cost of a swap depends on the row before the previous row. So stop only when two successive rows exceed
    // `most`.
    if (least > most && leastBefore > most) return least;
    leastBefore = least;
    [before, row, next] = [row, next, before];
  }
  return row[b.length] as number;
}
