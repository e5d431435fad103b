import { type Btf, BtfKind, type BtfMember, type TypeId } from "../btf/index.ts";
import { FormatError } from "../errors/index.ts";
import { BpfMapType, isMapOfMaps } from "../uapi/index.ts";
import { type MapDraft, newMap } from "./new-map.ts";
import type { MapSpec } from "./spec.ts";

/** The object that contains a definition. */
interface Place {
  readonly btf: Btf;
  /** The name of the section in errors, such as `file.o: section .maps`. */
  readonly source: string;
  /** If true, members with unknown names are ignored. */
  readonly ignoreUnknown: boolean;
}

/**
 * Reads the struct that defines a map in `.maps` (libbpf's `parse_btf_map_def`). The definition is in the types of the
 * members, not in their values. A member with a number is a pointer to an array of that length. A member with a type is
 * a pointer to that type.
 */
export function readMapDefinition(place: Place, name: string, structId: TypeId): MapSpec {
  return readDefinition(place, name, structId, false);
}

function readDefinition(place: Place, name: string, structId: TypeId, inner: boolean): MapDraft {
  const { btf, source, ignoreUnknown } = place;
  const fail = (problem: string) => new FormatError({ source }, `map ${name}: ${problem}`);
  const struct = btf.type(structId);
  if (struct.kind !== "struct") throw fail(`its definition must be a struct, not ${struct.kind.toUpperCase()}`);
  const map = newMap({ name, source: "btf" });
  const seen = new Set<string>();
  struct.members.forEach((member, i) => {
    const field = new Field(place, name, member);
    if (seen.has(member.name)) throw fail(`its definition has two members ${member.name}`);
    seen.add(member.name);
    switch (member.name) {
      case "type":
        map.type = field.number();
        break;
      case "max_entries":
        map.maxEntries = field.number();
        break;
      case "map_flags":
        map.flags = field.number();
        break;
      case "numa_node":
        map.numaNode = field.number();
        break;
      case "map_extra":
        map.mapExtra = field.wideNumber();
        break;
      case "key_size":
        map.keySize = field.agree("key size", map.keySize, field.number());
        break;
      case "key":
        map.keyTypeId = field.pointee();
        map.keySize = field.agree("key size", map.keySize, field.sizeOf(map.keyTypeId));
        break;
      case "value_size":
        map.valueSize = field.agree("value size", map.valueSize, field.number());
        break;
      case "value":
        map.valueTypeId = field.pointee();
        map.valueSize = field.agree("value size", map.valueSize, field.sizeOf(map.valueTypeId));
        break;
      case "pinning": {
        if (inner) throw fail("an inner map cannot be pinned");
        const pinning = field.number();
        if (pinning > 1) throw fail(`pinning must be 0 (none) or 1 (LIBBPF_PIN_BY_NAME), not ${pinning}`);
        map.pinning = pinning === 1 ? "name" : "none";
        break;
      }
      case "values":
        if (inner) throw fail('an inner map cannot have the member "values": maps can be nested only one level deep');
        if (i !== struct.members.length - 1) throw fail('the member "values" must be the last one');
        map.valueSize = field.agree("value size", map.valueSize, 4);
        map.innerMap = readValues(place, name, map.type, member);
        break;
      default:
        if (ignoreUnknown) break;
        throw fail(
          `its definition has an unknown member ${member.name === "" ? "without a name" : member.name}; to ignore it, set the option 'ignoreUnknownMapFields' (in the command: --mapcompat)`,
        );
    }
  });
  if (map.type === BpfMapType.BPF_MAP_TYPE_UNSPEC) throw fail("its definition has no type");
  return map;
}

/** Reads the member `values`. Returns the definition of the inner maps; undefined for a prog array. */
function readValues(place: Place, name: string, mapType: number, member: BtfMember): MapSpec | undefined {
  const { btf, source } = place;
  const fail = (problem: string) => new FormatError({ source }, `map ${name}: ${problem}`);
  const ofPrograms = mapType === BpfMapType.BPF_MAP_TYPE_PROG_ARRAY;
  if (!ofPrograms && !isMapOfMaps(mapType))
    throw fail('only a prog array or a map of maps can have the member "values"');
  const array = btf.type(member.type);
  if (array.kind !== "array" || array.length !== 0)
    throw fail('the member "values" must be an array without a length: values[]');
  const pointer = btf.type(btf.resolve(array.type));
  if (pointer.kind !== "ptr")
    throw fail(`the elements of "values" must be pointers, not ${pointer.kind.toUpperCase()}`);
  const target = btf.resolve(pointer.type);
  const kind = btf.type(target).kind;
  if (ofPrograms) {
    if (kind !== "func_proto")
      throw fail(`the elements of "values" must point to functions, not ${kind.toUpperCase()}`);
    return undefined;
  }
  if (kind !== "struct")
    throw fail(`the elements of "values" must point to the struct of a map, not ${kind.toUpperCase()}`);
  return readDefinition(place, `${name}.inner`, target, true);
}

/** One member of a map's struct. */
class Field {
  readonly #place: Place;
  readonly #map: string;
  readonly #member: BtfMember;
  constructor(place: Place, map: string, member: BtfMember) {
    this.#place = place;
    this.#map = map;
    this.#member = member;
  }

  /** Reads `__uint(name, n)`, which declares `int (*name)[n]`. */
  number(): number {
    const { btf } = this.#place;
    const pointer = btf.type(btf.resolve(this.#member.type));
    if (pointer.kind !== "ptr")
      throw this.#error(`must be a pointer to an array (__uint), not ${pointer.kind.toUpperCase()}`);
    const array = btf.type(pointer.type);
    if (array.kind !== "array") throw this.#error(`must point to an array (__uint), not ${array.kind.toUpperCase()}`);
    return array.length;
  }

  /** Reads `__ulong(name, n)`, which declares an enum with one value, or reads `__uint`. */
  wideNumber(): bigint {
    const { btf } = this.#place;
    const type = btf.type(btf.resolve(this.#member.type));
    if (type.kind === "ptr") return BigInt(this.number());
    if (type.kind !== "enum" && type.kind !== "enum64")
      throw this.#error(`must be an enum (__ulong), not ${type.kind.toUpperCase()}`);
    const [first] = type.values;
    if (first === undefined || type.values.length !== 1) throw this.#error("must be an enum of one value (__ulong)");
    // Sign-extend the value, as C does when an __s32 is assigned to a __u64.
    return type.kind === "enum"
      ? BigInt.asUintN(64, BigInt(Number(first.value) | 0))
      : BigInt.asUintN(64, BigInt(first.value));
  }

  /** Reads `__type(name, T)`, which declares `T *name`. */
  pointee(): TypeId {
    const { btf } = this.#place;
    const id = this.#member.type;
    if (btf.kind(id) !== BtfKind.PTR)
      throw this.#error(`must be a pointer to a type (__type), not ${btf.type(id).kind.toUpperCase()}`);
    return btf.target(id);
  }

  /** Returns the size of the type that the member points to. */
  sizeOf(id: TypeId): number {
    let size: number;
    try {
      size = this.#place.btf.sizeOf(id);
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw this.#error(`points to a type of unknown size: ${cause.problem}`, { cause });
    }
    if (size > 0xffffffff) throw this.#error(`points to a type of ${size} bytes, but the size must fit into 32 bits`);
    return size;
  }

  /** Returns `size`. Throws if another member has already given a different size, `known`. */
  agree(what: string, known: number, size: number): number {
    if (known === 0 || known === size) return size;
    throw this.#error(`gives a ${what} of ${size}, but another member gives ${known}`);
  }

  #error(problem: string, options?: ErrorOptions): FormatError {
    const sentence = `map ${this.#map}: member ${this.#member.name} ${problem}`;
    return new FormatError({ source: this.#place.source }, sentence, options);
  }
}
