import { formatHex } from "../../src/layout/index.ts";
import { closeFd, objGet, type ProgInfo } from "../../src/sys/index.ts";

/** What two loads of one object must have in common of a program. */
export function programFacts(info: ProgInfo): Record<string, unknown> {
  return {
    type: info.type,
    name: info.name,
    tag: formatHex(info.tag),
    gpl: info.gpl_compatible,
    xlated: info.xlated_prog_len,
    maps: info.nr_map_ids,
    btf: info.btf_id !== 0,
    functions: info.nr_func_info,
    lines: info.nr_line_info,
    attachType: info.attach_btf_id,
    verified: info.verified_insns,
  };
}

/** What is told of a pinned object. */
export function infoAt<T>(path: string, read: (fd: number) => T): T {
  const fd = objGet(path);
  try {
    return read(fd);
  } finally {
    closeFd(fd);
  }
}
