import type { FormatError } from "../errors/index.ts";
import { WORDS } from "./memory-keys.ts";
import { BtfKind, type BtfMember, type BtfParam, type BtfSecInfo, type BtfType, type TypeId } from "./types.ts";

/** The parts of a BTF that decoding a type needs. */
export interface TypeSource {
  readonly [WORDS]: Uint32Array;
  has(id: TypeId): boolean;
  string(offset: number): string;
  error(id: TypeId, problem: string): FormatError;
}

const LINKAGES = ["static", "global", "extern"] as const;

/** Decodes the type `id`, which begins at word `at`. Checks that every name and every reference is in range. */
export function decodeType(btf: TypeSource, id: TypeId, at: number): BtfType {
  const { [WORDS]: words } = btf;
  // No bounds check: the pass that indexed the types has checked that this type is complete.
  const word = (index: number): number => words[index] as number;
  const name = btf.string(word(at));
  const info = word(at + 1);
  const third = word(at + 2);
  const vlen = info & 0xffffff;
  const flag = info >>> 31 === 1;
  const kind = (info >>> 24) & 0x7f;

  const reference = (target: number): TypeId => {
    if (btf.has(target)) return target;
    throw btf.error(id, `refers to type ${target}, which does not exist`);
  };
  const linkage = (value: number): (typeof LINKAGES)[number] => {
    const text = LINKAGES[value];
    if (text === undefined) throw btf.error(id, `has the unknown linkage ${value}`);
    return text;
  };
  const list = <T>(size: number, read: (index: number) => T): T[] => {
    const out: T[] = [];
    for (let i = 0, p = at + 3; i < vlen; i++, p += size) out.push(read(p));
    return out;
  };

  switch (kind) {
    case BtfKind.INT: {
      const encoding = word(at + 3);
      const int = {
        size: third,
        signed: (encoding & 0x01000000) !== 0,
        char: (encoding & 0x02000000) !== 0,
        bool: (encoding & 0x04000000) !== 0,
        bitOffset: (encoding >>> 16) & 0xff,
        bits: encoding & 0xff,
      };
      if (third === 0 || third > 16 || int.bitOffset + int.bits > 8 * third) {
        throw btf.error(
          id,
          `is an int of ${int.bits} bits at bit ${int.bitOffset}, which does not fit into its ${third} bytes`,
        );
      }
      return { kind: "int", id, name, ...int };
    }
    case BtfKind.PTR:
      return { kind: "ptr", id, name, type: reference(third) };
    case BtfKind.ARRAY:
      return {
        kind: "array",
        id,
        name,
        type: reference(word(at + 3)),
        indexType: reference(word(at + 4)),
        length: word(at + 5),
      };
    case BtfKind.STRUCT:
    case BtfKind.UNION: {
      const members = list<BtfMember>(3, (p) => {
        const offset = word(p + 2);
        return {
          name: btf.string(word(p)),
          type: reference(word(p + 1)),
          bitOffset: flag ? offset & 0xffffff : offset,
          bitSize: flag ? offset >>> 24 : 0,
        };
      });
      return { kind: kind === BtfKind.STRUCT ? "struct" : "union", id, name, size: third, members };
    }
    case BtfKind.ENUM: {
      const values = list(2, (p) => ({
        name: btf.string(word(p)),
        value: flag ? word(p + 1) | 0 : word(p + 1),
      }));
      return { kind: "enum", id, name, size: third, signed: flag, values };
    }
    case BtfKind.ENUM64: {
      const values = list(3, (p) => {
        const value = (BigInt(word(p + 2)) << 32n) | BigInt(word(p + 1));
        return { name: btf.string(word(p)), value: flag ? BigInt.asIntN(64, value) : value };
      });
      return { kind: "enum64", id, name, size: third, signed: flag, values };
    }
    case BtfKind.FWD:
      return { kind: "fwd", id, name, union: flag };
    case BtfKind.TYPEDEF:
      return { kind: "typedef", id, name, type: reference(third) };
    case BtfKind.VOLATILE:
      return { kind: "volatile", id, name, type: reference(third) };
    case BtfKind.CONST:
      return { kind: "const", id, name, type: reference(third) };
    case BtfKind.RESTRICT:
      return { kind: "restrict", id, name, type: reference(third) };
    case BtfKind.FUNC:
      return { kind: "func", id, name, type: reference(third), linkage: linkage(vlen) };
    case BtfKind.FUNC_PROTO: {
      const params = list<BtfParam>(2, (p) => ({ name: btf.string(word(p)), type: reference(word(p + 1)) }));
      return { kind: "func_proto", id, name, returns: reference(third), params };
    }
    case BtfKind.VAR:
      return { kind: "var", id, name, type: reference(third), linkage: linkage(word(at + 3)) };
    case BtfKind.DATASEC: {
      const variables = list<BtfSecInfo>(3, (p) => ({
        type: reference(word(p)),
        offset: word(p + 1),
        size: word(p + 2),
      }));
      return { kind: "datasec", id, name, size: third, variables };
    }
    case BtfKind.FLOAT:
      return { kind: "float", id, name, size: third };
    case BtfKind.DECL_TAG:
      return {
        kind: "decl_tag",
        id,
        name,
        type: reference(third),
        component: word(at + 3) | 0,
        attribute: flag,
      };
    case BtfKind.TYPE_TAG:
      return { kind: "type_tag", id, name, type: reference(third), attribute: flag };
    default:
      throw btf.error(id, `has the unknown kind ${kind}`);
  }
}
