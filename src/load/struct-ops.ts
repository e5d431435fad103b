import { type Btf, BtfKind, type BtfMember, type TypeId } from "../btf/index.ts";
import { NotSupportedError, UsageError } from "../errors/index.ts";
import type { KernelBtf } from "../kernel/index.ts";
import { STRUCT_OPS_VALUE_PREFIX } from "../map/index.ts";
import { isFunctionPointer, type MapSpec, type ObjectSpec, type StructOpsSpec } from "../object/index.ts";
import type { KernelStructOps } from "./create-map.ts";

/** A struct_ops map in the kernel's layout, and the roles of its programs. */
export interface PreparedStructOps extends KernelStructOps {
  /** The bytes of the map's value, with zeros for the fds of the programs. */
  readonly value: Uint8Array;
  /** For each program, the offset in `value` where its fd belongs. */
  readonly programs: readonly { readonly offset: number; readonly program: string }[];
  /** The struct and the member that each program is loaded for, by the name of the program. */
  readonly roles: ReadonlyMap<string, StructOpsRole>;
}

/** The fields of BPF_PROG_LOAD for a program that is a callback. */
export interface StructOpsRole {
  readonly attach_btf_id: number;
  /** The index of the member in the kernel's struct. */
  readonly expected_attach_type: number;
  /** The fd of the BTF of the module that defines the struct; absent if the kernel itself defines it. */
  readonly attach_btf_obj_fd?: number;
}

/** Converts a struct of callbacks to the running kernel's layout. Matches members by their names. */
export function prepareStructOps(map: MapSpec, spec: ObjectSpec, kernel: KernelBtf): PreparedStructOps {
  const ops = map.structOps as StructOpsSpec;
  const local = spec.btf as Btf;
  const value = kernel.find(STRUCT_OPS_VALUE_PREFIX + ops.typeName, BtfKind.STRUCT);
  const structId = value?.btf.find(ops.typeName, BtfKind.STRUCT);
  if (value === undefined || structId === undefined) {
    throw new NotSupportedError({ feature: `struct_ops ${ops.typeName}` }, { cause: undefined });
  }
  const { btf } = value;
  const place = members(btf, value.id).find(({ type }) => type === structId);
  if (place === undefined) {
    throw new UsageError(
      `map ${map.name}: the kernel's struct ${STRUCT_OPS_VALUE_PREFIX}${ops.typeName} has no member of type ${ops.typeName}`,
    );
  }
  const start = place.bitOffset / 8;
  const bytes = new Uint8Array(btf.sizeOf(value.id));
  const btfFd = value.module?.fd.number ?? 0;
  const programs: { offset: number; program: string }[] = [];
  const roles = new Map<string, StructOpsRole>();
  const theirs = members(btf, structId);
  for (const member of members(local, ops.typeId)) {
    const offset = member.bitOffset / 8;
    const size = local.sizeOf(member.type);
    const data = ops.data.subarray(offset, offset + size);
    const callback = ops.callbacks.find((one) => one.offset === offset);
    const index = theirs.findIndex(({ name }) => name === member.name);
    const target = theirs[index];
    if (target === undefined) {
      if (callback !== undefined) {
        throw new UsageError(
          `map ${map.name}: this kernel's struct ${ops.typeName} has no member ${member.name}, which the object sets to program ${callback.program}; to load without it, remove it from spec.map(${JSON.stringify(map.name)}).structOps.callbacks and set the program's autoload to false`,
        );
      }
      if (data.some((byte) => byte !== 0)) {
        throw new UsageError(
          `map ${map.name}: this kernel's struct ${ops.typeName} has no member ${member.name}, which the object sets`,
        );
      }
      continue;
    }
    const at = start + target.bitOffset / 8;
    checkMember(map, local, member, btf, target);
    if (callback !== undefined) {
      const { program } = callback;
      if (!isFunctionPointer(btf, target.type)) {
        throw new UsageError(
          `map ${map.name}: the object sets member ${member.name} to a program, but in the kernel's struct ${ops.typeName} this member is not a pointer to a function`,
        );
      }
      programs.push({ offset: at, program });
      const before = roles.get(program);
      if (before !== undefined && before.expected_attach_type !== index) {
        throw new UsageError(`program ${program}: map ${map.name} uses the program for several members`);
      }
      roles.set(program, {
        attach_btf_id: structId,
        expected_attach_type: index,
        ...(btfFd === 0 ? {} : { attach_btf_obj_fd: btfFd }),
      });
    } else if (local.kind(local.resolve(member.type)) !== BtfKind.PTR) bytes.set(data, at);
  }
  return { valueTypeId: value.id, valueSize: bytes.length, btfFd, value: bytes, programs, roles };
}

function members(btf: Btf, id: TypeId): readonly BtfMember[] {
  const type = btf.type(btf.resolve(id));
  return type.kind === "struct" ? type.members : [];
}

function checkMember(map: MapSpec, local: Btf, member: BtfMember, btf: Btf, target: BtfMember): void {
  const what = `map ${map.name}: member ${member.name}`;
  if (member.bitSize !== 0 || target.bitSize !== 0) throw new UsageError(`${what} is a bitfield, which cannot be set`);
  const mine = local.resolve(member.type);
  const theirs = btf.resolve(target.type);
  if (local.kind(mine) !== btf.kind(theirs)) throw new UsageError(`${what} has another type in the kernel`);
  if (local.sizeOf(mine) !== btf.sizeOf(theirs)) {
    throw new UsageError(`${what} has ${local.sizeOf(mine)} bytes, but ${btf.sizeOf(theirs)} bytes in the kernel`);
  }
}
