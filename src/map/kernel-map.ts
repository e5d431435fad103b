import type { TypeId } from "../btf/index.ts";
import { type Diagnosis, Errno, errnoName, errnoText, SyscallError } from "../errors/index.ts";
import { diagnosisOf } from "../explain/index.ts";
import { mapTooNew } from "../kernel/index.ts";
import { type MapCreateAttr, mapCreate, OwnedFd } from "../sys/index.ts";
import { mapTypeName } from "../uapi/index.ts";
import { isLocalStorage, mapTraits } from "./map-type-traits.ts";
import { type RefusedField, refusedField } from "./refused-field.ts";

/** The types of a new map's keys and values, in BTF that is already loaded into the kernel. */
export interface KernelMapTypes {
  readonly btf: OwnedFd;
  /** The type's id; 0 for none. */
  readonly keyTypeId: TypeId;
  readonly valueTypeId: TypeId;
}

/**
 * Creates a map in the kernel. `what` names the map in errors. Passes `types` if the map's type can have BTF. If the
 * kernel then rejects the map, this function tries once more without BTF: some kernels accept no BTF for some map
 * types, and the map works without it. Local storage does not work without BTF, so there is no second try for it.
 *
 * Throws NotSupportedError if the kernel is too old for the map, SyscallError otherwise.
 */
export function createKernelMap(attr: MapCreateAttr, what: string, types?: KernelMapTypes): OwnedFd {
  const traits = mapTraits(attr.map_type);
  if (types === undefined || !traits.takesBtf) return create(attr, what);
  const { btf, keyTypeId, valueTypeId } = types;
  const typed = { ...attr, btf_fd: btf.number, btf_key_type_id: keyTypeId, btf_value_type_id: valueTypeId };
  const isTyped = keyTypeId !== 0 || valueTypeId !== 0;
  if (!isTyped || isLocalStorage(traits)) return create(typed, what);
  try {
    return new OwnedFd(mapCreate(typed), what);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    return create(attr, what);
  }
}

function create(attr: MapCreateAttr, what: string): OwnedFd {
  try {
    return new OwnedFd(mapCreate(attr), what);
  } catch (error) {
    throw explainRefusedMap(error, attr, what);
  }
}

function explainRefusedMap(error: unknown, attr: MapCreateAttr, what: string): unknown {
  if (!(error instanceof SyscallError)) return error;
  const { call, errno } = error;
  const field = refusedField(errno, attr);
  const hint = error.hint ?? hintFor(errno, attr, field);
  const diagnose = (): Diagnosis | undefined => {
    if (errno === Errno.EPERM) return undefined;
    const reason = `${errnoText(errno)} (${errnoName(errno)})`;
    const facts = { map: attr.map_name ?? what, reason, field: field?.text, remedy: field?.remedy };
    return diagnosisOf("map-create", facts, { found: [attrText(attr)] });
  };
  return (
    mapTooNew(attr, error, what) ?? new SyscallError({ call, errno, subject: what, hint }, { cause: error, diagnose })
  );
}

/** The characters that the kernel allows in an object's name (bpf_obj_name_cpy). */
const NAME = /^[A-Za-z0-9_.]*$/;

function hintFor(errno: number, attr: MapCreateAttr, field: RefusedField | undefined): string | undefined {
  if (errno !== Errno.EINVAL && errno !== Errno.E2BIG && errno !== Errno.ENOTSUPP) return undefined;
  const { map_name: name = "" } = attr;
  if (!NAME.test(name))
    return `the name of a map can contain only letters, digits, "_" and ".", but ${JSON.stringify(name)} contains something else`;
  const reason = field === undefined ? "" : `; ${field.text}`;
  return `the kernel does not accept a map of ${attrText(attr)}${reason}`;
}

function attrText({ map_type: type, map_flags: flags = 0, ...attr }: MapCreateAttr): string {
  const { key_size = 0, value_size = 0, max_entries = 0 } = attr;
  const sizes = `key_size ${key_size}, value_size ${value_size}, max_entries ${max_entries}, flags 0x${flags.toString(16)}`;
  return `type ${mapTypeName(type) ?? type} with ${sizes}`;
}
