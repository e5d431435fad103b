/**
 * Finds the source line to show above each instruction, as bpftool does with libbpf's bpf_prog_linfo__lfind(): the answer
 * is an index into `positions`, which ascend, or undefined. Ask with ascending places. Each answer uses up one record, not
 * all that it passed. That matters only where several lie within one instruction: there the last shows first, and again
 * below.
 */
export function lineFinder<P extends number | bigint>(positions: readonly P[]): (place: P) => number | undefined {
  let used = 0;
  let past = 0;
  return (place) => {
    const first = positions[used];
    if (first === undefined || place < first) return undefined;
    past = Math.max(past, used);
    while (past < positions.length && (positions[past] as P) <= place) past++;
    used++;
    return past - 1;
  };
}

/** A run of line records. */
export interface LineRange {
  readonly first: number;
  readonly count: number;
}

/**
 * Splits jited_line_info, one address for each line record, by function. Undefined where they do not fit together, as in
 * programs with an exception callback, whose hidden function has no lines: there libbpf refuses the whole table, and
 * bpftool shows no source at all, in xlated listings neither. Not for programs without jited lines or functions.
 */
export function jitedLineRanges(
  addresses: readonly bigint[],
  functions: readonly { readonly address: bigint; readonly length: number }[],
): LineRange[] | undefined {
  const starts: number[] = [];
  for (const [i, address] of addresses.entries()) {
    const next = functions[starts.length];
    if (address === next?.address) {
      const current = functions[starts.length - 1];
      const last = addresses[i - 1] as bigint;
      if (current && BigInt.asUintN(64, last - current.address + 1n) > current.length) return undefined;
      starts.push(i);
    } else if (i === 0 || (next !== undefined && address <= (addresses[i - 1] as bigint))) return undefined;
  }
  if (starts.length !== functions.length) return undefined;
  return starts.map((first, i) => ({ first, count: (starts[i + 1] ?? addresses.length) - first }));
}
