/**
 * Returns a function that finds the source line to show above an instruction, as bpftool does with libbpf's
 * bpf_prog_linfo__lfind(). `positions` are the positions of the source lines, in ascending order. Call the function
 * with the positions of the instructions, in ascending order too. It returns an index into `positions`, or undefined if
 * no line is to be shown. Each result uses up one line. If several unused lines are before the instruction, the
 * function returns the last of these for this instruction and for the following ones, until all of them are used up.
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

/** A range of line records. */
export interface LineRange {
  readonly first: number;
  readonly count: number;
}

/**
 * Splits jited_line_info, which has one address for each line record, into one range per function. Returns undefined if
 * addresses and functions do not match, as in programs with an exception callback, whose hidden function has no lines.
 * libbpf rejects the whole table then, and bpftool shows no source lines at all, not even in xlated listings. Do not
 * call this for a program without jited lines or functions.
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
