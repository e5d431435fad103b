import { Errno, SyscallError } from "../../errors/index.ts";
import { textUntilNul } from "../../layout/index.ts";
import { BpfBtfInfo, BpfMapInfo, BpfTokenInfo } from "../../uapi/index.ts";
import { beginCall, placeRoom } from "../arena.ts";
import { placeInfo, readInfo } from "./get-info.ts";

/** `struct bpf_map_info` by the kernel's names; undefined is what this kernel is too old to know. */
export interface MapInfo {
  readonly type: number;
  readonly id: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly map_flags: number;
  readonly name: string;
  readonly ifindex: number;
  /** The struct of the kernel that a struct_ops map holds; 0 for others. */
  readonly btf_vmlinux_value_type_id: number | undefined;
  readonly netns_dev: bigint;
  readonly netns_ino: bigint;
  /** 0 for a map without BTF. */
  readonly btf_id: number;
  readonly btf_key_type_id: number;
  readonly btf_value_type_id: number;
  /** The BTF of the module that has the struct of a struct_ops map; 0 for vmlinux (6.9). */
  readonly btf_vmlinux_id: number | undefined;
  /** Bloom filters: number of hashes; arenas: the address (5.16). */
  readonly map_extra: bigint | undefined;
}

/** What the kernel says about a map. */
export function mapInfo(fd: number): MapInfo {
  const arena = beginCall();
  const room = placeInfo(BpfMapInfo.size);
  const info = BpfMapInfo.partial(room.view, readInfo(arena, fd, room));
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

/** SHA-256 of a frozen map's content, which a signed loader compares (6.18). */
export function mapHash(fd: number): Uint8Array {
  const arena = beginCall();
  const room = placeInfo(BpfMapInfo.size);
  const hash = placeRoom(32);
  BpfMapInfo.fill(room.view, 0, { hash: hash.address, hash_size: 32 });
  readInfo(arena, fd, room);
  return hash.bytes.slice();
}

/** `struct bpf_btf_info` by the kernel's names. */
export interface BtfInfo {
  readonly id: number;
  /** `vmlinux`, a module's name, or empty for what a program brought along (5.11). */
  readonly name: string;
  /** Whether it describes the kernel or a module (5.11). */
  readonly kernel_btf: boolean;
  readonly btf_size: number;
  /** The raw BTF, if asked for. */
  readonly btf: Uint8Array | undefined;
}

const NAME_SIZE = 256;

/** What the kernel says about a BTF object; with `data` also its bytes. */
export function btfInfo(fd: number, options: { data?: boolean } = {}): BtfInfo {
  const first = btfInfoOnce(fd, 0);
  if (options.data !== true) return first;
  return btfInfoOnce(fd, first.btf_size);
}

/** Kernels before 5.11 refuse a struct with names in it (E2BIG). Learnt from the first answer that tells. */
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
  const arena = beginCall();
  const room = placeInfo(BpfBtfInfo.size);
  const name = placeRoom(NAME_SIZE);
  const data = size > 0 ? placeRoom(size) : undefined;
  BpfBtfInfo.fill(room.view, 0, {
    btf: data?.address ?? 0,
    btf_size: size,
    ...(withNames ? { name: name.address, name_len: NAME_SIZE } : {}),
  });
  const info = BpfBtfInfo.partial(room.view, readInfo(arena, fd, room));
  return {
    id: info.id ?? 0,
    name: textUntilNul(name.bytes),
    kernel_btf: info.kernel_btf ?? false,
    btf_size: info.btf_size ?? 0,
    // Room that is larger than the arena is the caller's to keep; the arena's must be copied.
    btf: data === undefined ? undefined : data.bytes.slice(),
  };
}

/** `struct bpf_token_info`: what a token allows, as bit sets of commands, map types, program types and attach types. */
export interface TokenInfo {
  readonly allowed_cmds: bigint;
  readonly allowed_maps: bigint;
  readonly allowed_progs: bigint;
  readonly allowed_attachs: bigint;
}

/** What a token allows (6.17). */
export function tokenInfo(fd: number): TokenInfo {
  const arena = beginCall();
  const room = placeInfo(BpfTokenInfo.size);
  readInfo(arena, fd, room);
  return BpfTokenInfo.read(room.view, 0);
}
