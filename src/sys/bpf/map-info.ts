import { Errno, SyscallError } from "../../errors/index.ts";
import { checkRange, textUntilNul } from "../../layout/index.ts";
import { BpfBtfInfo, BpfMapInfo, BpfTokenInfo } from "../../uapi/index.ts";
import { beginCall, placeRoom } from "../call-buffer.ts";
import { placeInfo, readInfo } from "./get-info.ts";

/** `struct bpf_map_info`, with the kernel's names. A field is undefined if this kernel is too old to have it. */
export interface MapInfo {
  readonly type: number;
  readonly id: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly map_flags: number;
  readonly name: string;
  readonly ifindex: number;
  /** The BTF type of the kernel struct in a struct_ops map; 0 for other maps. */
  readonly btf_vmlinux_value_type_id: number | undefined;
  readonly netns_dev: bigint;
  readonly netns_ino: bigint;
  /** The id of the map's BTF; 0 for a map without BTF. */
  readonly btf_id: number;
  readonly btf_key_type_id: number;
  readonly btf_value_type_id: number;
  /** The id of the BTF that has the struct of a struct_ops map, if this is a module's BTF; 0 otherwise (6.9). */
  readonly btf_vmlinux_id: number | undefined;
  /** The number of hashes of a bloom filter, or the address of an arena (5.16). */
  readonly map_extra: bigint | undefined;
}

/** The kernel refuses an info struct that is larger than a page. */
const MAX_INFO_SIZE = 4096;

/**
 * Reads the kernel's information about a map as bytes: the first `size` bytes of `struct bpf_map_info`. A caller can
 * decode fields from them that are newer than {@link MapInfo}.
 */
export function mapInfoBytes(fd: number, size: number): Uint8Array {
  const callBuffer = beginCall();
  const room = placeInfo(checkRange(size, 1, MAX_INFO_SIZE, "size"));
  readInfo(callBuffer, fd, room);
  // Copy the bytes, because they are in the call buffer, which the next call overwrites.
  return new Uint8Array(room.view.buffer, room.view.byteOffset, size).slice();
}

/** Reads the kernel's information about a map. */
export function mapInfo(fd: number): MapInfo {
  const callBuffer = beginCall();
  const room = placeInfo(BpfMapInfo.size);
  const info = BpfMapInfo.partial(room.view, readInfo(callBuffer, fd, room));
  return {
    type: info.type ?? 0,
    id: info.id ?? 0,
    key_size: info.key_size ?? 0,
    value_size: info.value_size ?? 0,
    max_entries: info.max_entries ?? 0,
    map_flags: info.map_flags ?? 0,
    name: info.name ?? "",
    ifindex: info.ifindex ?? 0,
    btf_vmlinux_value_type_id: info.btf_vmlinux_value_type_id,
    netns_dev: info.netns_dev ?? 0n,
    netns_ino: info.netns_ino ?? 0n,
    btf_id: info.btf_id ?? 0,
    btf_key_type_id: info.btf_key_type_id ?? 0,
    btf_value_type_id: info.btf_value_type_id ?? 0,
    btf_vmlinux_id: info.btf_vmlinux_id,
    map_extra: info.map_extra,
  };
}

/**
 * Returns the SHA-256 hash of a frozen map's content. The loader program of a signed object checks this hash (6.18).
 */
export function mapHash(fd: number): Uint8Array {
  const callBuffer = beginCall();
  const room = placeInfo(BpfMapInfo.size);
  const hash = placeRoom(32);
  BpfMapInfo.fill(room.view, 0, { hash: hash.address, hash_size: 32 });
  readInfo(callBuffer, fd, room);
  return hash.bytes.slice();
}

/** `struct bpf_btf_info`, with the kernel's names. */
export interface BtfInfo {
  readonly id: number;
  /** `vmlinux`, a module's name, or empty for the BTF of programs and maps (5.11). */
  readonly name: string;
  /** True if the BTF describes the kernel or a module (5.11). */
  readonly kernel_btf: boolean;
  readonly btf_size: number;
  /** The raw BTF, if the caller requested it. */
  readonly btf: Uint8Array | undefined;
}

const NAME_SIZE = 256;

/** Reads the kernel's information about a BTF object. With `data`, also reads the BTF's bytes. */
export function btfInfo(fd: number, options: { data?: boolean } = {}): BtfInfo {
  const first = btfInfoOnce(fd, 0);
  if (options.data !== true) return first;
  return btfInfoOnce(fd, first.btf_size);
}

/** Whether to request names. Becomes false after a kernel before 5.11 has refused the longer struct with E2BIG. */
let withNames = true;

function btfInfoOnce(fd: number, size: number): BtfInfo {
  try {
    return askBtfInfo(fd, size);
  } catch (error) {
    if (!withNames || !(error instanceof SyscallError) || error.errno !== Errno.E2BIG) throw error;
    withNames = false;
    return askBtfInfo(fd, size);
  }
}

function askBtfInfo(fd: number, size: number): BtfInfo {
  const callBuffer = beginCall();
  const room = placeInfo(BpfBtfInfo.size);
  const name = placeRoom(NAME_SIZE);
  const data = size > 0 ? placeRoom(size) : undefined;
  BpfBtfInfo.fill(room.view, 0, {
    btf: data?.address ?? 0,
    btf_size: size,
    ...(withNames ? { name: name.address, name_len: NAME_SIZE } : {}),
  });
  const info = BpfBtfInfo.partial(room.view, readInfo(callBuffer, fd, room));
  return {
    id: info.id ?? 0,
    name: textUntilNul(name.bytes),
    kernel_btf: info.kernel_btf ?? false,
    btf_size: info.btf_size ?? 0,
    // Copy the bytes, because they may lie in the call buffer, which the next call overwrites.
    btf: data === undefined ? undefined : data.bytes.slice(),
  };
}

/** `struct bpf_token_info`: bit sets of the commands, map types, program types and attach types that a token allows. */
export interface TokenInfo {
  readonly allowed_cmds: bigint;
  readonly allowed_maps: bigint;
  readonly allowed_progs: bigint;
  readonly allowed_attachs: bigint;
}

/** Reads what a token allows (6.17). */
export function tokenInfo(fd: number): TokenInfo {
  const callBuffer = beginCall();
  const room = placeInfo(BpfTokenInfo.size);
  readInfo(callBuffer, fd, room);
  return BpfTokenInfo.read(room.view, 0);
}
