import { type Btf, BtfKind, type TypeId } from "../btf/index.ts";
import { UsageError } from "../errors/index.ts";
import { checkOptions, kernelBtf, type OptionTable, objectFds } from "../kernel/index.ts";
import { type MapTypes, STRUCT_OPS_VALUE_PREFIX, typesOfMap } from "../map/index.ts";
import { isFunctionPointer } from "../object/index.ts";
import { mainFunctionName } from "../program/index.ts";
import {
  closeFd,
  type MapInfo,
  mapInfo,
  mapInfoBytes,
  mapLookupElem,
  progHead,
  tryProgGetFdById,
} from "../sys/index.ts";
import { BpfMapFlag, BpfMapType } from "../uapi/index.ts";

/** A struct_ops map. It holds a kernel struct whose callbacks are programs, such as a congestion control. */
export interface StructOpsDescription {
  readonly id: number;
  /** The map's name in the kernel, of at most 15 characters. */
  readonly name: string;
  /** The name of the kernel struct, such as `tcp_congestion_ops`. Undefined if its BTF cannot be read. */
  readonly kernelStruct: string | undefined;
  /** The contents of the map. Undefined if they were not requested. */
  readonly contents: StructOpsContents | undefined;
}

/** Bytes, and the BTF type with which to decode them. */
export interface TypedBytes {
  readonly btf: Btf;
  readonly type: TypeId;
  readonly bytes: Uint8Array;
}

/** A member of a struct of callbacks. */
export interface StructOpsCallback {
  readonly member: string;
  /** The id of the program; 0 if the member is not set. */
  readonly progId: number;
  /** The name of the program's main function. Undefined if the program has no BTF. */
  readonly progName: string | undefined;
}

/** The contents of a struct_ops map. */
export interface StructOpsContents {
  /** `struct bpf_map_info`, with all fields that the running kernel has. */
  readonly info: TypedBytes;
  /** The map's value: a reference count, a state, and the struct. A callback is stored as the id of its program. */
  readonly value: TypedBytes;
  readonly callbacks: readonly StructOpsCallback[];
}

/** Options of {@link describeStructOps}. */
export interface StructOpsOptions {
  /** Describes only the maps of these fds, in this order. Default: all struct_ops maps, in the order of their ids. */
  readonly fds?: Iterable<number> | undefined;
  /** Describes only maps with this name. */
  readonly name?: string | undefined;
  /** Also reads the contents of the maps. */
  readonly contents?: boolean | undefined;
}

const OPTIONS: OptionTable<StructOpsOptions> = { fds: "any", name: "text", contents: "boolean" };
const READ_ONLY = { open_flags: BpfMapFlag.BPF_F_RDONLY };
const KEY: Uint8Array = new Uint8Array(4);
const MAX_U32 = 0xffffffff;

/**
 * Lists the struct_ops maps one after another, also those that are not registered. Needs CAP_SYS_ADMIN, unless `fds`
 * names the maps.
 */
export function* describeStructOps(options: StructOpsOptions = {}): Generator<StructOpsDescription, void, undefined> {
  checkOptions("describeStructOps", options, OPTIONS);
  for (const { fd, info } of structOpsMaps(options)) {
    const types = typesOfMap(info);
    yield {
      id: info.id,
      name: info.name,
      kernelStruct: types && kernelStructOf(types),
      contents: options.contents === true ? readContents(fd, info, types) : undefined,
    };
  }
}

function* structOpsMaps({
  fds,
  name,
}: StructOpsOptions): Generator<{ readonly fd: number; readonly info: MapInfo }, void, undefined> {
  for (const fd of fds ?? objectFds("map", READ_ONLY)) {
    const info = mapInfo(fd);
    if (info.type === BpfMapType.BPF_MAP_TYPE_STRUCT_OPS) {
      if (name === undefined || info.name === name) yield { fd, info };
    } else if (fds !== undefined) {
      throw new UsageError(`${info.name} id ${info.id} is not a struct_ops map`);
    }
  }
}

function kernelStructOf({ btf, valueTypeId }: MapTypes): string | undefined {
  const type = btf.type(valueTypeId);
  const isNamed = type.kind === "struct" && type.name.startsWith(STRUCT_OPS_VALUE_PREFIX);
  return isNamed ? type.name.slice(STRUCT_OPS_VALUE_PREFIX.length) : undefined;
}

function readContents(fd: number, info: MapInfo, types: MapTypes | undefined): StructOpsContents {
  if (types === undefined) {
    throw new UsageError(`the contents of struct_ops map ${info.name} (id ${info.id}) cannot be read without its BTF`);
  }
  const value = { btf: types.btf, type: types.valueTypeId, bytes: new Uint8Array(info.value_size) };
  mapLookupElem(fd, KEY, value.bytes);
  return { info: infoBytes(fd), value, callbacks: callbacksIn(value) };
}

function infoBytes(fd: number): TypedBytes {
  const btf = kernelBtf();
  const type = btf.find("bpf_map_info", BtfKind.STRUCT);
  if (type === undefined) throw new UsageError("the kernel's BTF has no struct bpf_map_info");
  return { btf, type, bytes: mapInfoBytes(fd, btf.sizeOf(type)) };
}

/** Finds the callbacks in the structs of the value. */
function callbacksIn({ btf, type, bytes }: TypedBytes): StructOpsCallback[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const outer = btf.type(type);
  if (outer.kind !== "struct") return [];
  return outer.members.flatMap((part) => {
    const inner = btf.type(btf.resolve(part.type));
    if (inner.kind !== "struct") return [];
    return inner.members.flatMap(({ name: member, type: callback, bitOffset }) => {
      if (!isFunctionPointer(btf, callback)) return [];
      const progId = Number(view.getBigUint64((part.bitOffset + bitOffset) / 8, btf.little));
      return [{ member, progId, progName: functionNameOf(progId) }];
    });
  });
}

/** Returns the name of a program's main function. Returns undefined if the program has no BTF or cannot be opened. */
function functionNameOf(progId: number): string | undefined {
  if (progId === 0 || progId > MAX_U32) return undefined;
  const fd = tryProgGetFdById(progId);
  if (fd < 0) return undefined;
  try {
    return mainFunctionName(progHead(fd), fd);
  } finally {
    closeFd(fd);
  }
}
