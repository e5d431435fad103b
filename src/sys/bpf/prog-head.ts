import { BpfProgInfo } from "../../uapi/index.ts";
import { beginCall } from "../arena.ts";
import { placeInfo, readInfo } from "./get-info.ts";

/** What listings by program ask for; fields that the kernel is too old for read as 0. */
export interface ProgHead {
  readonly type: number;
  readonly id: number;
  /** At most 15 characters. */
  readonly name: string;
  readonly btf_id: number;
  readonly nr_func_info: number;
  /** The BTF that `attach_btf_id` counts in (6.0). */
  readonly attach_btf_obj_id: number;
  readonly attach_btf_id: number;
}

const { type, id, name, btf_id, nr_func_info, attach_btf_obj_id, attach_btf_id } = BpfProgInfo.offsets;

/** The few fields of a program's info that a list of attachments needs, without the others' cost. */
export function progHead(fd: number): ProgHead {
  const arena = beginCall();
  const room = placeInfo(BpfProgInfo.size);
  readInfo(arena, fd, room);
  const { view } = room;
  // What the kernel does not fill stays zero.
  return {
    type: view.getUint32(type, true),
    id: view.getUint32(id, true),
    name: BpfProgInfo.fields.name.read(view, name),
    btf_id: view.getUint32(btf_id, true),
    nr_func_info: view.getUint32(nr_func_info, true),
    attach_btf_obj_id: view.getUint32(attach_btf_obj_id, true),
    attach_btf_id: view.getUint32(attach_btf_id, true),
  };
}
