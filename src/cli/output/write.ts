import { writeSync } from "node:fs";

/** Text is written in pieces of at least this many characters: one write(2) for nearly every command. */
const PIECE = 1 << 20;
/** What a shell sees of a program that SIGPIPE ended, as it ends bpftool; Node ignores that signal. */
const EXIT_BROKEN_PIPE = 141;
const RETRY_MS = 1;

/** Writes pieces of text, or of UTF-8, to standard output (1) or standard error (2), in as few calls as it can. */
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

/** Writes a text whole. A reader that went away ends the process without a word. */
export function writeText(fd: 1 | 2, text: string): void {
  if (text !== "") writeBytes(fd, new TextEncoder().encode(text));
}

/** Writes bytes whole, as {@link writeText} writes a text. */
export function writeBytes(fd: 1 | 2, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") process.exit(EXIT_BROKEN_PIPE);
      // Another process made the pipe non-blocking: wait for its reader.
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
