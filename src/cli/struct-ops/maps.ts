import { mapGetFdById, OwnedFd } from "../../sys/index.ts";
import { BpfMapFlag, BpfMapType } from "../../uapi/index.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { infoOf, type MapAccess } from "../handle/map.ts";
import { readNumber, unexpectedWord, type Words } from "../words/words.ts";

/** The struct_ops maps that the words name: one by its id, several by their name, or all of them. */
export type StructOpsHandle = { readonly id: string } | { readonly name: string | undefined };

/** Takes `id N` or `name NAME`. If there are no words, the result stands for all maps. */
export function takeHandle(words: Words): StructOpsHandle {
  if (words.left === 0) return { name: undefined };
  let handle: StructOpsHandle;
  if (words.takeKeyword("id")) handle = { id: words.take("a number") };
  else if (words.takeKeyword("name")) handle = { name: words.take("a name") };
  else throw unexpectedWord(["id", "name"], words);
  words.end();
  return handle;
}

const MAX_U32 = 0xffffffff;

/** Opens the struct_ops map with this id. The caller closes it. */
export function openStructOpsMap(word: string, access: MapAccess): OwnedFd {
  const id = readNumber(word);
  if (id === undefined || id === 0 || id > MAX_U32) throw new CommandError(`invalid id ${word === "" ? "''" : word}`);
  const fd = opened(id, access);
  try {
    const info = infoOf(fd.number);
    if (info.type === BpfMapType.BPF_MAP_TYPE_STRUCT_OPS) return fd;
    throw new CommandError(`${info.name} id ${id} is not a struct_ops map`);
  } catch (error) {
    fd.close();
    throw error;
  }
}

function opened(id: number, access: MapAccess): OwnedFd {
  try {
    const open_flags = access === "read" ? BpfMapFlag.BPF_F_RDONLY : 0;
    return new OwnedFd(mapGetFdById(id, { open_flags }), `map ${id}`);
  } catch (error) {
    throw failedTo(`can't get map by id (${id})`, error);
  }
}

/** Returns the error for a name that no struct_ops map has. */
export function noneFound(name: string): CommandError {
  return new CommandError(`no struct_ops found for ${name}`);
}
