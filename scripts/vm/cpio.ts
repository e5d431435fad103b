import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { posix } from "node:path";

// The kernel unpacks its initramfs from a cpio archive in the "new ASCII" format
// (Documentation/driver-api/early-userspace). Each entry is a header of 110 characters, the name and the content. Name
// and content are padded to a multiple of four bytes.

const DIRECTORY = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;
const LINK = 0o120777;

/**
 * Writes a cpio archive. Adds the parent directories of each entry by itself. If two entries have the same path, keeps
 * the first one.
 */
export class CpioArchive {
  readonly #fd: number;
  readonly #paths = new Set<string>();
  #inode = 1;

  constructor(path: string) {
    this.#fd = openSync(path, "w");
  }

  /**
   * Adds a file with the given text, or with the content of a file of the host. `path` is the absolute path in the
   * guest.
   */
  add(path: string, content: string | { readonly file: string }, options: { readonly program?: boolean } = {}): void {
    if (!this.#begin(path)) return;
    const bytes = typeof content === "string" ? Buffer.from(content) : readFileSync(content.file);
    this.#entry(path, options.program === true ? PROGRAM : FILE, bytes);
  }

  addDirectory(path: string): void {
    if (this.#begin(path)) this.#entry(path, DIRECTORY, Buffer.alloc(0));
  }

  addLink(path: string, target: string): void {
    if (this.#begin(path)) this.#entry(path, LINK, Buffer.from(target));
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  close(): void {
    this.#entry("TRAILER!!!", 0, Buffer.alloc(0));
    closeSync(this.#fd);
  }

  #begin(path: string): boolean {
    if (path === "/" || this.#paths.has(path)) return false;
    this.addDirectory(posix.dirname(path));
    this.#paths.add(path);
    return true;
  }

  #entry(path: string, mode: number, content: Buffer): void {
    const name = path.replace(/^\//, "");
    const fields = [this.#inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, Buffer.byteLength(name) + 1, 0];
    this.#inode += 1;
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
    writeSync(this.#fd, padded(Buffer.from(header)));
    writeSync(this.#fd, padded(content));
  }
}

function padded(bytes: Buffer): Buffer {
  const rest = bytes.length % 4;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}
