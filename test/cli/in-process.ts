// Runs command lines of bpfts in this process: the same code as the published command, without the start of Node. It saves
// a twentieth of a second for each line. What differs between processes (caches, warnings that are given once) is tested
// by whole processes elsewhere.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { runLine } from "../../src/cli/entry/run-line.ts";
import type { Ran } from "./run.ts";

// A live command listens for signals until its process ends. Here many of them run in one process.
process.setMaxListeners(0);

/** Runs a command line, and returns what it wrote to standard output and standard error. */
export async function bpftsHere(...args: string[]): Promise<Ran> {
  const written: Record<number, Buffer[]> = { 1: [], 2: [] };
  const real = fs.writeSync;
  const capture = (fd: number, bytes: Uint8Array, at = 0): number => {
    const pieces = written[fd];
    if (pieces === undefined) return real(fd, bytes, at);
    pieces.push(Buffer.from(bytes.slice(at)));
    return bytes.length - at;
  };
  fs.writeSync = capture as typeof fs.writeSync;
  syncBuiltinESMExports();
  try {
    const code = await runLine(args, import.meta.url);
    const textOf = (fd: number): string => Buffer.concat(written[fd] ?? []).toString();
    return { stdout: textOf(1), stderr: textOf(2), code };
  } finally {
    fs.writeSync = real;
    syncBuiltinESMExports();
  }
}
