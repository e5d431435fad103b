import { closeSync, openSync, readSync } from "node:fs";

const KEY = "memlock:\t";

/**
 * Tells the kernel memory of programs and maps: the `memlock` line of their fds' entries in /proc. For listings of many
 * objects, which the kernel gives the same number one after another: the entry stays open as long as the number does not
 * change, and each reading of it is of the file that has the number then.
 */
export class FdMemlock implements Disposable {
  readonly #buffer: Buffer = Buffer.allocUnsafe(1024);
  #entry = -1;
  #fd = -1;

  /** Bytes; undefined where the kernel says nothing about this fd. */
  bytes(fd: number): number | undefined {
    if (fd !== this.#fd) this.#open(fd);
    if (this.#entry < 0) return undefined;
    const text = this.#buffer.toString("latin1", 0, readSync(this.#entry, this.#buffer, 0, this.#buffer.length, 0));
    const at = text.indexOf(KEY);
    return at < 0 ? undefined : Number.parseInt(text.slice(at + KEY.length), 10);
  }

  #open(fd: number): void {
    this.close();
    try {
      this.#entry = openSync(`/proc/self/fdinfo/${fd}`, "r");
      this.#fd = fd;
    } catch {
      // No /proc.
    }
  }

  close(): void {
    if (this.#entry >= 0) closeSync(this.#entry);
    this.#entry = -1;
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
