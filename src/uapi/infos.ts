import { bytes, chars, flag, newer, pointer, struct, u32, u64 } from "../layout/index.ts";

/** `struct bpf_prog_info`. */
export const BpfProgInfo = struct({
  type: u32,
  id: u32,
  tag: bytes(8),
  jited_prog_len: u32,
  xlated_prog_len: u32,
  jited_prog_insns: pointer,
  xlated_prog_insns: pointer,
  load_time: u64,
  created_by_uid: u32,
  nr_map_ids: u32,
  map_ids: pointer,
  name: chars(16),
  ifindex: u32,
  gpl_compatible: flag,
  netns_dev: u64,
  netns_ino: u64,
  nr_jited_ksyms: u32,
  nr_jited_func_lens: u32,
  jited_ksyms: pointer,
  jited_func_lens: pointer,
  btf_id: u32,
  func_info_rec_size: u32,
  func_info: pointer,
  nr_func_info: u32,
  nr_line_info: u32,
  line_info: pointer,
  jited_line_info: pointer,
  nr_jited_line_info: u32,
  line_info_rec_size: u32,
  jited_line_info_rec_size: u32,
  nr_prog_tags: u32,
  prog_tags: pointer,
  run_time_ns: u64,
  run_cnt: u64,
  recursion_misses: newer(u64),
  verified_insns: newer(u32),
  attach_btf_obj_id: newer(u32),
  attach_btf_id: newer(u32),
});

/** `struct bpf_map_info`. `hash` points to the buffer into which the kernel writes the map's hash (Linux 6.18). */
export const BpfMapInfo = struct({
  type: u32,
  id: u32,
  key_size: u32,
  value_size: u32,
  max_entries: u32,
  map_flags: u32,
  name: chars(16),
  ifindex: u32,
  btf_vmlinux_value_type_id: u32,
  netns_dev: u64,
  netns_ino: u64,
  btf_id: u32,
  btf_key_type_id: u32,
  btf_value_type_id: u32,
  btf_vmlinux_id: newer(u32),
  map_extra: newer(u64),
  hash: pointer,
  hash_size: newer(u32),
});

/** `struct bpf_btf_info`. */
export const BpfBtfInfo = struct({
  btf: pointer,
  btf_size: u32,
  id: u32,
  name: pointer,
  name_len: u32,
  kernel_btf: flag,
});

/** `struct bpf_token_info` (6.17): four bit sets. */
export const BpfTokenInfo = struct({
  allowed_cmds: u64,
  allowed_maps: u64,
  allowed_progs: u64,
  allowed_attachs: u64,
});

/** `struct bpf_func_info`. */
export const BpfFuncInfo = struct({ insn_off: u32, type_id: u32 });
/** `struct bpf_line_info`; line number and column are packed into `line_col`: `>>> 10` and `& 0x3ff`. */
export const BpfLineInfo = struct({ insn_off: u32, file_name_off: u32, line_off: u32, line_col: u32 });
/** `struct bpf_core_relo`. */
export const BpfCoreRelo = struct({ insn_off: u32, type_id: u32, access_str_off: u32, kind: u32 });

/** `struct bpf_devmap_val`: `bpf_prog` is an fd when written, an id when read. */
export const BpfDevmapVal = struct({ ifindex: u32, bpf_prog: u32 });
/** `struct bpf_cpumap_val`. */
export const BpfCpumapVal = struct({ qsize: u32, bpf_prog: u32 });
/** `struct bpf_stack_build_id`. If the status is BPF_STACK_BUILD_ID_IP, `offset` is the union's other member, `ip`. */
export const BpfStackBuildId = struct({ status: u32, build_id: bytes(20), offset: u64 });
/** `struct bpf_insn_array_value` (newer than 6.18). */
export const BpfInsnArrayValue = struct({ orig_off: u32, xlated_off: u32, jitted_off: u32 }, { size: 16 });
