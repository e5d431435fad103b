import { UsageError } from "../errors/index.ts";
import type { Codec } from "./codec.ts";
import { nameOf, writeBytes } from "./codec.ts";

/** The key of a trie. An IPv4 or IPv6 prefix may also be given as a text. */
export interface PrefixKey {
  /** The number of leading bits of the address that belong to the prefix. */
  readonly bits: number;
  /** The address. It has as many bytes as each address in the trie. */
  readonly address: Uint8Array;
}

/** The size in bytes of the prefix length, which comes before the address. */
const LENGTH_SIZE = 4;

/**
 * Makes a codec for keys of LPM tries (`struct bpf_lpm_trie_key`). Reads a key as a text such as `10.0.0.0/8` if
 * addresses have 4 bytes, as a text such as `fd00::/8` if they have 16 bytes, and as a {@link PrefixKey} otherwise.
 * Writes such a text or a PrefixKey. If the text has no length, the prefix is the whole address. Objects that are no
 * PrefixKey are encoded by the codec `other`.
 */
export function prefixCodec(size: number, what: string, other: Codec | undefined): Codec {
  const length = size - LENGTH_SIZE;
  const text = length === 4 ? formatIpv4 : length === 16 ? formatIpv6 : undefined;
  return {
    size,
    write(to, at, value) {
      const key = typeof value === "string" && text !== undefined ? parsePrefix(value, length, what) : value;
      if (isPrefixKey(key)) {
        const { bits, address } = key;
        if (address.length !== length) {
          throw new UsageError(`${what}: the address must have ${length} bytes, but ${address.length} were given`);
        }
        if (!Number.isInteger(bits) || bits < 0 || bits > 8 * length) {
          throw new UsageError(
            `${what}: /${bits} is not a valid prefix length, because an address has ${8 * length} bits`,
          );
        }
        to.view.setUint32(at, bits, true);
        to.bytes.set(address, at + LENGTH_SIZE);
      } else if (writeBytes(to, at, key, size, what)) return;
      else if (other !== undefined && typeof key === "object") other.write(to, at, key);
      else {
        const form = text === undefined ? "{ bits, address }" : `"${text(new Uint8Array(length))}/0"`;
        throw new UsageError(`${what} must be a prefix such as ${form}, not ${nameOf(value)}`);
      }
    },
    read(from, at) {
      const bits = from.view.getUint32(at, true);
      const address = from.bytes.slice(at + LENGTH_SIZE, at + size);
      return text === undefined ? { bits, address } : `${text(address)}/${bits}`;
    },
  };
}

function isPrefixKey(value: unknown): value is PrefixKey {
  return typeof value === "object" && value !== null && "address" in value && value.address instanceof Uint8Array
    ? "bits" in value && typeof value.bits === "number"
    : false;
}

function parsePrefix(text: string, length: number, what: string): PrefixKey {
  const [, address = "", bits = String(8 * length)] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = length === 4 ? parseIpv4(address) : parseIpv6(address);
  if (bytes === undefined) {
    throw new UsageError(`${what}: ${JSON.stringify(text)} is not an IPv${length === 4 ? 4 : 6} prefix`);
  }
  return { bits: Number(bits), address: bytes };
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 16 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...Array<number>(missing).fill(0), ...(tail ?? [])]);
}

/**
 * Parses the part of an IPv6 address before or after `::` and returns its bytes. The last group may be an IPv4 address.
 */
function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const ipv4 = i === groups.length - 1 ? parseIpv4(group) : undefined;
    if (ipv4 !== undefined) bytes.push(...ipv4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return undefined;
  }
  return bytes;
}

function formatIpv4(address: Uint8Array): string {
  return address.join(".");
}

/** Formats an address as RFC 5952 specifies: the longest run of two or more zero groups becomes `::`. */
function formatIpv6(address: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((address[2 * i] as number) << 8) | (address[2 * i + 1] as number),
  );
  let start = 0;
  let longest = 0;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > longest) [start, longest] = [i, end - i];
  }
  const hex = groups.map((group) => group.toString(16));
  if (longest < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + longest).join(":")}`;
}
