import { writeSync } from "node:fs";
import { CommandError } from "../failure/command-error.ts";
import type { Options } from "../words/options.ts";
import { escapeName, escapeText } from "./terminal-text.ts";

/** Text is written in pieces of at least this many characters: one write(2) for nearly every command. */
const PIECE = 1 << 20;
/** What a shell sees of a program that SIGPIPE ended, as it ends bpftool; Node ignores that signal. */
const EXIT_BROKEN_PIPE = 141;
const RETRY_MS = 1;

/** A write to standard output (1) or standard error (2) failed. The cause is Node's error. */
export class OutputError extends CommandError {
  readonly fd: 1 | 2;
  /** True if the reader of the pipe went away. The command then ends without a message. */
  readonly isBrokenPipe: boolean;
  constructor(fd: 1 | 2, cause: unknown) {
    const isBrokenPipe = (cause as NodeJS.ErrnoException).code === "EPIPE";
    // The message leaves out the errno's text: its table would be loaded at every start, since the entry imports this
    // file.
    super(`can't write to standard ${fd === 1 ? "output" : "error"}`, {
      cause,
      ...(isBrokenPipe && { exitCode: EXIT_BROKEN_PIPE }),
    });
    this.fd = fd;
    this.isBrokenPipe = isBrokenPipe;
  }
}

/**
 * Writes pieces of text in as few calls as it can. Control characters in strings are escaped; pieces that are bytes, in
 * UTF-8, are written as they are.
 */
export function writePieces(fd: 1 | 2, pieces: Iterable<string | Uint8Array>): void {
  let text = "";
  for (const piece of pieces) {
    if (typeof piece !== "string") {
      writeText(fd, text);
      writeBytes(fd, piece);
      text = "";
      continue;
    }
    text += piece;
    if (text.length >= PIECE) {
      writeText(fd, text);
      text = "";
    }
  }
  writeText(fd, text);
}

/** Writes a text whole. Its control characters are escaped, except for line ends and tabs. */
export function writeText(fd: 1 | 2, text: string): void {
  if (text !== "") writeBytes(fd, new TextEncoder().encode(escapeText(text)));
}

/** Writes one line to standard error. Line ends in it are escaped, so it stays one line whatever names it holds. */
export function writeNote(line: string): void {
  writeText(2, `${escapeName(line)}\n`);
}

/** Writes a warning, with its line ends, to standard error. */
export type Warn = (text: string) => void;

/** Returns a function that writes a command's warnings. With -j it writes none, as in bpftool. */
export function warnOf({ json }: Options): Warn {
  return (text) => {
    if (!json) writeText(2, text);
  };
}

/** Writes bytes whole and as they are. */
export function writeBytes(fd: 1 | 2, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      // Another process made the pipe non-blocking: wait for its reader.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw new OutputError(fd, error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
