import { writeSync } from "node:fs";
import { CommandError } from "../failure/command-error.ts";
import type { Options } from "../words/options.ts";
import { escapeName, escapeText } from "./terminal-text.ts";

/** Text is written in pieces of at least this many characters. So nearly every command calls write(2) only once. */
const PIECE = 1 << 20;
/**
 * The exit code that a shell shows for a program that SIGPIPE has ended. bpftool ends this way. Node ignores SIGPIPE,
 * so bpfts exits with this code itself.
 */
const EXIT_BROKEN_PIPE = 141;
const RETRY_MS = 1;

/** The error for a failed write to standard output (1) or standard error (2). Its cause is Node's error. */
export class OutputError extends CommandError {
  readonly fd: 1 | 2;
  /** True if the reader of the pipe went away. The command then ends without a message. */
  readonly isBrokenPipe: boolean;
  constructor(fd: 1 | 2, cause: unknown) {
    const isBrokenPipe = (cause as NodeJS.ErrnoException).code === "EPIPE";
    // The message does not contain the text of the errno. Otherwise every start would load the table of these texts,
    // because entry.ts imports this file.
    super(`can't write to standard ${fd === 1 ? "output" : "error"}`, {
      cause,
      ...(isBrokenPipe && { exitCode: EXIT_BROKEN_PIPE }),
    });
    this.fd = fd;
    this.isBrokenPipe = isBrokenPipe;
  }
}

/**
 * Writes pieces of text with as few system calls as possible. Control characters in strings are escaped. Pieces that
 * are bytes are UTF-8 and are written unchanged.
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

/** Writes a whole text. Control characters are escaped, except for line ends and tabs. */
export function writeText(fd: 1 | 2, text: string): void {
  if (text !== "") writeBytes(fd, new TextEncoder().encode(escapeText(text)));
}

/** Writes one line to standard error. Line ends in it are escaped, so a name cannot break the line. */
export function writeNote(line: string): void {
  writeText(2, `${escapeName(line)}\n`);
}

/** A function that writes a warning, including its line ends, to standard error. */
export type Warn = (text: string) => void;

/** Returns a function that writes a command's warnings. As in bpftool, it writes no warnings with -j. */
export function warnOf({ json }: Options): Warn {
  return (text) => {
    if (!json) writeText(2, text);
  };
}

/** Writes all of the bytes unchanged. */
export function writeBytes(fd: 1 | 2, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      // EAGAIN: another process has made the pipe non-blocking, and the pipe is full. Wait until its reader has read
      // some bytes.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw new OutputError(fd, error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
