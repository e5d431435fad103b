import { Errno } from "../errors/index.ts";
import { type MapCreateAttr, pageSize } from "../sys/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";
import { isLocalStorage, mapTraits } from "./map-type-traits.ts";

/** The field of BPF_MAP_CREATE that the kernel refuses. */
export interface RefusedField {
  /** A clause that says what is wrong with the field. */
  readonly text: string;
  /** A sentence that says what to write instead. */
  readonly remedy: string;
}

const t = BpfMapType;
/** The maps without elements of their own: key_size and value_size are 0. */
const RINGS: ReadonlySet<number> = new Set([t.BPF_MAP_TYPE_RINGBUF, t.BPF_MAP_TYPE_USER_RINGBUF]);
const MAPS_OF_MAPS: ReadonlySet<number> = new Set([t.BPF_MAP_TYPE_ARRAY_OF_MAPS, t.BPF_MAP_TYPE_HASH_OF_MAPS]);
/** A value of a hash or of local storage must fit into one allocation (KMALLOC_MAX_SIZE). */
const LARGEST_VALUE = 4 * 1024 * 1024;

/**
 * Finds the field for which the kernel refused to create a map. The rules are those of the map types' alloc_check
 * functions. Returns undefined if no rule is broken, for instance because the kernel does not know the type.
 */
export function refusedField(errno: number, attr: MapCreateAttr): RefusedField | undefined {
  if (errno === Errno.E2BIG || errno === Errno.ENOMEM) return tooLarge(attr);
  if (errno !== Errno.EINVAL) return undefined;
  return wrongSize(attr) ?? wrongFlag(attr) ?? wrongEntries(attr);
}

function tooLarge({ max_entries = 0, value_size = 0 }: MapCreateAttr): RefusedField {
  return {
    text: `${max_entries} elements with values of ${value_size} bytes are more than the kernel can allocate`,
    remedy:
      "Lower max_entries or the size of the value. A hash with BPF_F_NO_PREALLOC allocates its elements when they are used.",
  };
}

function wrongSize(attr: MapCreateAttr): RefusedField | undefined {
  const { map_type: type, key_size = 0, value_size = 0 } = attr;
  const { key, value } = mapTraits(type);
  if (RINGS.has(type) || type === t.BPF_MAP_TYPE_ARENA) {
    if (key_size === 0 && value_size === 0) return undefined;
    return { text: "key_size and value_size must be 0", remedy: "Leave out key and value: the map has no elements." };
  }
  if (key === "none") {
    return key_size === 0
      ? undefined
      : { text: `key_size is ${key_size}, but this type has no keys`, remedy: "Leave out the key." };
  }
  if (key === "index" || isLocalStorage({ key, value, perCpu: false, takesBtf: true })) {
    if (key_size !== 4)
      return {
        text: `key_size is ${key_size}, but keys of this type have 4 bytes`,
        remedy: "Give the key the type __u32 (or int).",
      };
  }
  if (key === "prefix" && (key_size < 5 || key_size > 260)) {
    return {
      text: `key_size is ${key_size}, but a prefix needs 4 bytes for its length and 1 to 256 bytes of data`,
      remedy: "Give the key the type struct { __u32 prefixlen; __u8 data[N]; }.",
    };
  }
  if (key_size === 0) return { text: "key_size is 0", remedy: "Give the type of the key, or key_size." };
  if (value_size === 0) return { text: "value_size is 0", remedy: "Give the type of the value, or value_size." };
  if ((value === "fd" || value === "object") && value_size !== 4) {
    return {
      text: `value_size is ${value_size}, but values of this type have 4 bytes`,
      remedy: "Give the value the type __u32.",
    };
  }
  if (value_size >= LARGEST_VALUE) {
    return {
      text: `value_size is ${value_size}, which is too large for one allocation`,
      remedy: "Split the value, or use an arena.",
    };
  }
  return undefined;
}

function wrongFlag({ map_type: type, map_flags: flags = 0, inner_map_fd }: MapCreateAttr): RefusedField | undefined {
  const traits = mapTraits(type);
  const isUnallocated = (flags & BpfMapFlag.BPF_F_NO_PREALLOC) !== 0;
  if ((traits.key === "prefix" || isLocalStorage(traits)) && !isUnallocated) {
    return { text: "this type needs the flag BPF_F_NO_PREALLOC", remedy: "Add __uint(map_flags, BPF_F_NO_PREALLOC)." };
  }
  if (traits.key === "index" && isUnallocated) {
    return {
      text: "arrays do not take the flag BPF_F_NO_PREALLOC",
      remedy: "Remove BPF_F_NO_PREALLOC from map_flags.",
    };
  }
  if ((flags & BpfMapFlag.BPF_F_MMAPABLE) !== 0 && type !== t.BPF_MAP_TYPE_ARRAY && type !== t.BPF_MAP_TYPE_ARENA) {
    return {
      text: "only arrays and arenas take the flag BPF_F_MMAPABLE",
      remedy: "Remove BPF_F_MMAPABLE from map_flags.",
    };
  }
  const both = BpfMapFlag.BPF_F_RDONLY | BpfMapFlag.BPF_F_WRONLY;
  const bothForPrograms = BpfMapFlag.BPF_F_RDONLY_PROG | BpfMapFlag.BPF_F_WRONLY_PROG;
  if ((flags & both) === both || (flags & bothForPrograms) === bothForPrograms) {
    return { text: "a map cannot be both read-only and write-only", remedy: "Keep only one of the two flags." };
  }
  if (MAPS_OF_MAPS.has(type) && (inner_map_fd ?? 0) === 0) {
    return {
      text: "a map of maps needs an inner map",
      remedy: "Declare __array(values, struct inner), or set inner_map_fd.",
    };
  }
  return undefined;
}

function wrongEntries({ map_type: type, max_entries = 0 }: MapCreateAttr): RefusedField | undefined {
  if (RINGS.has(type)) {
    const isPower = max_entries !== 0 && (max_entries & (max_entries - 1)) === 0;
    if (isPower && max_entries % pageSize() === 0) return undefined;
    return {
      text: `max_entries is ${max_entries}, but the size of a ring is a power of two and a multiple of the page size, ${pageSize()}`,
      remedy: `Use a size such as ${pageSize()} or 262144.`,
    };
  }
  const isStorage = isLocalStorage(mapTraits(type)) || mapTraits(type).key === "cgroup_id";
  if (isStorage) {
    return max_entries === 0
      ? undefined
      : { text: `max_entries is ${max_entries}, but this type takes only 0`, remedy: "Leave out max_entries." };
  }
  return max_entries === 0 ? { text: "max_entries is 0", remedy: "Add __uint(max_entries, N)." } : undefined;
}
