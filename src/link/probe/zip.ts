import { readSync } from "node:fs";
import { FormatError, UsageError } from "../../errors/index.ts";

/** Where the bytes of an entry are in the archive. */
export interface ZipEntry {
  readonly start: number;
  readonly size: number;
}

const END = 0x06054b50;
const END_SIZE = 22;
const DIRECTORY = 0x02014b50;
const DIRECTORY_SIZE = 46;
const LOCAL = 0x04034b50;
const LOCAL_SIZE = 30;
const STORED = 0;
/**
 * The largest central directory that is read: 1 KiB for each of 65,535 files, the most that an archive without Zip64
 * has. A hostile or sparse file may claim any size.
 */
const MOST_BYTES = 2 ** 26;

/**
 * Finds an uncompressed file in a zip archive, such as a library in an Android package (.ZIP File Format Specification
 * 6.3.10, without Zip64). Throws UsageError if the file is missing or compressed, FormatError if this is not a zip
 * archive.
 */
export function findZipEntry(fd: number, size: number, name: string, archive: string): ZipEntry {
  const fail = (problem: string, offset?: number) => new FormatError({ source: archive, offset }, problem);
  const read = (at: number, length: number): DataView => {
    if (at < 0 || at + length > size) throw fail("the archive is truncated", at);
    if (length > MOST_BYTES)
      throw fail(
        `the archive's directory is too large: it has ${length} bytes, and bpfts reads at most ${MOST_BYTES}`,
        at,
      );
    const bytes = new Uint8Array(length);
    readSync(fd, bytes, 0, length, at);
    return new DataView(bytes.buffer);
  };
  // The end record is the last record of the archive. Only a comment of at most 64 KiB may follow it.
  const tailAt = Math.max(0, size - END_SIZE - 0xffff);
  const tail = read(tailAt, size - tailAt);
  let end = tail.byteLength - END_SIZE;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw fail("this is not a zip archive: it has no end record");
  const count = tail.getUint16(end + 10, true);
  const directory = read(tail.getUint32(end + 16, true), tail.getUint32(end + 12, true));
  const wanted = Buffer.from(name);
  for (let i = 0, at = 0; i < count; i++) {
    if (at + DIRECTORY_SIZE > directory.byteLength || directory.getUint32(at, true) !== DIRECTORY) {
      throw fail("the archive's directory is damaged");
    }
    const nameLength = directory.getUint16(at + 28, true);
    const next =
      at + DIRECTORY_SIZE + nameLength + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
    if (next > directory.byteLength) throw fail("the archive's directory is damaged");
    const own = Buffer.from(directory.buffer, at + DIRECTORY_SIZE, nameLength);
    if (own.equals(wanted)) {
      if (directory.getUint16(at + 10, true) !== STORED) {
        throw new UsageError(`${name} in ${archive} is compressed, so no process can map it from there`);
      }
      const localAt = directory.getUint32(at + 42, true);
      const local = read(localAt, LOCAL_SIZE);
      if (local.getUint32(0, true) !== LOCAL) throw fail(`the header of ${name} is damaged`, localAt);
      const start = localAt + LOCAL_SIZE + local.getUint16(26, true) + local.getUint16(28, true);
      const length = directory.getUint32(at + 20, true);
      if (start + length > size) throw fail(`${name} ends past the archive's end`, start);
      return { start, size: length };
    }
    at = next;
  }
  throw new UsageError(`${archive} has no file ${name}`);
}
