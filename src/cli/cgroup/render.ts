import { attachTypeName, BpfAttachFlag } from "../../uapi/index.ts";
import type { JsonValue } from "../json-writer.ts";
import type { CgroupProgram } from "./query.ts";

const COLUMN = 15;
const ID_COLUMN = 8;

/** The names of functions that lsm_cgroup programs are attached to; asked for each program. */
export type AttachName = (program: CgroupProgram) => string | undefined;

/** The line above the programs. */
export function headText(effective: boolean): string {
  return effective
    ? `${cell("ID", ID_COLUMN)} ${cell("AttachType")} ${cell("Name")}\n`
    : `${cell("ID", ID_COLUMN)} ${cell("AttachType")} ${cell("AttachFlags")} ${cell("Name")}\n`;
}

/** A program's line. */
export function rowText(program: CgroupProgram, indent: string, attachName: AttachName): string {
  const { id, attach_type, attach_flags, attach_btf_id, attach_btf_obj_id } = program;
  const name = attachTypeName(attach_type);
  let text = `${indent}${cell(String(id), ID_COLUMN)} `;
  text += name === undefined ? `type ${cell(String(attach_type), 10)}` : cell(name);
  if (attach_flags !== undefined) text += ` ${cell(flagsText(attach_flags))}`;
  text += ` ${cell(program.name)}`;
  const target = attachName(program);
  if (target !== undefined) text += ` ${cell(target)}`;
  else if (attach_btf_id !== 0) text += ` attach_btf_obj_id=${attach_btf_obj_id} attach_btf_id=${attach_btf_id}`;
  return `${text}\n`;
}

/** A program's object. */
export function rowJson(program: CgroupProgram, attachName: AttachName): JsonValue {
  const { id, attach_type, attach_flags, name, attach_btf_obj_id, attach_btf_id } = program;
  return {
    id,
    attach_type: attachTypeName(attach_type) ?? attach_type,
    attach_flags: attach_flags === undefined ? undefined : flagsText(attach_flags),
    name,
    attach_btf_name: attachName(program),
    attach_btf_obj_id,
    attach_btf_id,
  };
}

function cell(text: string, width: number = COLUMN): string {
  return text.padEnd(width);
}

function flagsText(flags: number): string {
  switch (flags) {
    case BpfAttachFlag.BPF_F_ALLOW_MULTI:
      return "multi";
    case BpfAttachFlag.BPF_F_ALLOW_OVERRIDE:
      return "override";
    case 0:
      return "";
    default:
      return `unknown(${flags.toString(16)})`;
  }
}
