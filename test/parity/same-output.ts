import assert from "node:assert/strict";
import { bpftool, bpfts, type Ran } from "../cli/run.ts";

/** What may differ between bpftool and us in {@link assertSameOutput}. */
export interface SameOutput {
  /** The options to run the line with, one run for each. Default: text and JSON; with `ownMessage` only text. */
  readonly styles?: readonly (readonly string[])[];
  /** True if both fail, and our message is another one on purpose: docs/compatibility.md lists it. */
  readonly ownMessage?: boolean;
  /** Runs a command where the command line is to run, such as in a network namespace. */
  readonly within?: <T>(work: () => T) => T;
  /** Takes out of an output what is not the test's own. */
  readonly only?: (text: string) => string;
}

/** Text, JSON in one line, and JSON in many. */
export const ALL_STYLES = [[], ["-j"], ["-p"]] as const;

/** Asserts that a command line has the same text, JSON, messages and exit code as bpftool's. */
export function assertSameOutput(line: string, options: SameOutput = {}): void {
  const { ownMessage = false, styles = ownMessage ? [[]] : [[], ["-j"]] } = options;
  const { within = (work) => work(), only = (text) => text } = options;
  for (const style of styles) {
    const args = [...style, ...line.split(" ")];
    const [ours, theirs] = within((): [Ran, Ran] => [bpfts(...args), bpftool(...args)]);
    const shown = args.join(" ");
    assert.equal(ours.code, theirs.code, `exit code of ${shown}: ${ours.stderr}${theirs.stderr}`);
    if (style.length > 0) JSON.parse(ours.stdout);
    if (ownMessage) continue;
    assert.equal(only(ours.stdout), only(theirs.stdout), shown);
    // libbpf's own lines, which bpftool prints before its error.
    assert.equal(ours.stderr, theirs.stderr.replace(/^(libbpf: |Kernel error message: ).*\n/gm, ""), shown);
  }
}
