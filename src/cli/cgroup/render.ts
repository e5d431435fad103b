import type { CgroupProgram } from "../../link/index.ts";
import { attachTypeName, BpfAttachFlag } from "../../uapi/index.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";

const COLUMN = 15;
const ID_COLUMN = 8;

/** Returns the name of the kernel function that an lsm_cgroup program is attached to. */
export type AttachName = (program: CgroupProgram) => string | undefined;

/** Selects the programs of a cgroup to show, and the columns. */
export interface View {
  /**
   * True: show the programs that run in the cgroup, including programs inherited from ancestors. False: show only the
   * programs that are attached to the cgroup itself.
   */
  readonly effective: boolean;
  /** True: also show links, flags and origins. bpftool does not have these columns. */
  readonly details: boolean;
}

/** Returns the line above the programs. */
export function headText({ effective, details }: View): string {
  const columns = [cell("ID", ID_COLUMN), cell("AttachType")];
  if (!effective || details) columns.push(cell("AttachFlags"));
  columns.push(cell("Name"));
  if (details) columns.push(cell("Link", ID_COLUMN), cell("Cgroup"));
  return `${columns.join(" ")}\n`;
}

/** Returns the line of a program. */
export function rowText(program: CgroupProgram, view: View, attachName: AttachName): string {
  const { id, attachType, attachFlags, attachBtfId, attachBtfObjId, linkId, cgroup } = program;
  const name = attachTypeName(attachType);
  let text = `${cell(String(id), ID_COLUMN)} `;
  text += name === undefined ? `type ${cell(String(attachType), 10)}` : cell(name);
  if (view.details) text += ` ${cell(attachFlags === undefined ? "?" : allFlagsText(attachFlags))}`;
  else if (attachFlags !== undefined) text += ` ${cell(flagsText(attachFlags))}`;
  text += ` ${cell(program.name ?? "")}`;
  if (view.details) text += ` ${cell(linkId === undefined ? "-" : String(linkId), ID_COLUMN)} ${cell(cgroup ?? "?")}`;
  const target = attachName(program);
  if (target !== undefined) text += ` ${cell(target)}`;
  else if (attachBtfId !== 0) text += ` attach_btf_obj_id=${attachBtfObjId} attach_btf_id=${attachBtfId}`;
  return `${text}\n`;
}

/** Returns the JSON object of a program. The members that `details` adds come after bpftool's members. */
export function rowJson(program: CgroupProgram, view: View, attachName: AttachName): JsonValue {
  const { id, attachType, attachFlags, name, attachBtfObjId, attachBtfId, linkId, cgroup } = program;
  const flags = attachFlags === undefined ? undefined : flagsText(attachFlags);
  return {
    id,
    attach_type: attachTypeName(attachType) ?? attachType,
    attach_flags: view.effective ? undefined : flags,
    name,
    attach_btf_name: attachName(program),
    attach_btf_obj_id: attachBtfObjId,
    attach_btf_id: attachBtfId,
    ...(view.details
      ? { flags: attachFlags === undefined ? undefined : flagNames(attachFlags), link_id: linkId, cgroup }
      : {}),
  };
}

function cell(text: string, width: number = COLUMN): string {
  return escapeName(text).padEnd(width);
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

const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [BpfAttachFlag.BPF_F_ALLOW_MULTI, "multi"],
  [BpfAttachFlag.BPF_F_ALLOW_OVERRIDE, "override"],
  [BpfAttachFlag.BPF_F_PREORDER, "preorder"],
];

/** Returns the names of the flags of an attachment. */
export function flagNames(flags: number): string[] {
  const names = FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
  const rest = FLAG_NAMES.reduce((left, [flag]) => left & ~flag, flags);
  return rest === 0 ? names : [...names, `unknown(${rest.toString(16)})`];
}

function allFlagsText(flags: number): string {
  return flagNames(flags).join(",");
}
