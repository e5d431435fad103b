import { chars, i32, struct, u32, u64, usize } from "../layout/index.ts";

// The arms of `union bpf_attr` (include/uapi/linux/bpf.h), one struct per command or family of commands.
// A field that is a union in C has the name of its first member: relative_fd is also relative_id, target_fd also
// target_ifindex.

/** BPF_MAP_CREATE. */
export const BpfMapCreateAttr = struct({
  map_type: u32,
  key_size: u32,
  value_size: u32,
  max_entries: u32,
  map_flags: u32,
  inner_map_fd: u32,
  numa_node: u32,
  map_name: chars(16),
  map_ifindex: u32,
  btf_fd: u32,
  btf_key_type_id: u32,
  btf_value_type_id: u32,
  btf_vmlinux_value_type_id: u32,
  map_extra: u64,
  value_type_btf_obj_fd: i32,
  map_token_fd: i32,
  excl_prog_hash: usize,
  excl_prog_hash_size: u32,
});

/** BPF_MAP_*_ELEM, BPF_MAP_GET_NEXT_KEY (`value` is `next_key`) and BPF_MAP_FREEZE. */
export const BpfMapElemAttr = struct({ map_fd: u32, key: usize, value: usize, flags: u64 });

/** BPF_MAP_*_BATCH (`batch`). */
export const BpfMapBatchAttr = struct({
  in_batch: usize,
  out_batch: usize,
  keys: usize,
  values: usize,
  count: u32,
  map_fd: u32,
  elem_flags: u64,
  flags: u64,
});

/** BPF_PROG_LOAD. `attach_prog_fd` is also `attach_btf_obj_fd`. */
export const BpfProgLoadAttr = struct({
  prog_type: u32,
  insn_cnt: u32,
  insns: usize,
  license: usize,
  log_level: u32,
  log_size: u32,
  log_buf: usize,
  kern_version: u32,
  prog_flags: u32,
  prog_name: chars(16),
  prog_ifindex: u32,
  expected_attach_type: u32,
  prog_btf_fd: u32,
  func_info_rec_size: u32,
  func_info: usize,
  func_info_cnt: u32,
  line_info_rec_size: u32,
  line_info: usize,
  line_info_cnt: u32,
  attach_btf_id: u32,
  attach_prog_fd: u32,
  core_relo_cnt: u32,
  fd_array: usize,
  core_relos: usize,
  core_relo_rec_size: u32,
  log_true_size: u32,
  prog_token_fd: i32,
  fd_array_cnt: u32,
  signature: usize,
  signature_size: u32,
  keyring_id: i32,
});

/** BPF_OBJ_PIN and BPF_OBJ_GET. */
export const BpfObjAttr = struct({ pathname: usize, bpf_fd: u32, file_flags: u32, path_fd: i32 });

/** BPF_PROG_ATTACH and BPF_PROG_DETACH. */
export const BpfProgAttachAttr = struct({
  target_fd: u32,
  attach_bpf_fd: u32,
  attach_type: u32,
  attach_flags: u32,
  replace_bpf_fd: u32,
  relative_fd: u32,
  expected_revision: u64,
});

/** BPF_PROG_TEST_RUN (`test`). */
export const BpfTestRunAttr = struct({
  prog_fd: u32,
  retval: u32,
  data_size_in: u32,
  data_size_out: u32,
  data_in: usize,
  data_out: usize,
  repeat: u32,
  duration: u32,
  ctx_size_in: u32,
  ctx_size_out: u32,
  ctx_in: usize,
  ctx_out: usize,
  flags: u32,
  cpu: u32,
  batch_size: u32,
});

/** BPF_*_GET_NEXT_ID and BPF_*_GET_FD_BY_ID; `start_id` is also `prog_id`, `map_id`, `btf_id`, `link_id`. */
export const BpfGetIdAttr = struct({ start_id: u32, next_id: u32, open_flags: u32, fd_by_id_token_fd: i32 });

/** BPF_OBJ_GET_INFO_BY_FD (`info`). */
export const BpfObjGetInfoAttr = struct({ bpf_fd: u32, info_len: u32, info: usize });

/** BPF_PROG_QUERY (`query`). `prog_cnt` is also `count`. */
export const BpfProgQueryAttr = struct({
  target_fd: u32,
  attach_type: u32,
  query_flags: u32,
  attach_flags: u32,
  prog_ids: usize,
  prog_cnt: u32,
  prog_attach_flags: usize,
  link_ids: usize,
  link_attach_flags: usize,
  revision: u64,
});

/** BPF_RAW_TRACEPOINT_OPEN (`raw_tracepoint`). */
export const BpfRawTracepointAttr = struct({ name: usize, prog_fd: u32, cookie: u64 });

/** BPF_BTF_LOAD. */
export const BpfBtfLoadAttr = struct({
  btf: usize,
  btf_log_buf: usize,
  btf_size: u32,
  btf_log_size: u32,
  btf_log_level: u32,
  btf_log_true_size: u32,
  btf_flags: u32,
  btf_token_fd: i32,
});

/** BPF_TASK_FD_QUERY (`task_fd_query`). */
export const BpfTaskFdQueryAttr = struct({
  pid: u32,
  fd: u32,
  flags: u32,
  buf_len: u32,
  buf: usize,
  prog_id: u32,
  fd_type: u32,
  probe_offset: u64,
  probe_addr: u64,
});

/** BPF_LINK_UPDATE (`link_update`); for struct_ops the two fds are those of maps. */
export const BpfLinkUpdateAttr = struct({ link_fd: u32, new_prog_fd: u32, flags: u32, old_prog_fd: u32 });
/** BPF_LINK_DETACH (`link_detach`). */
export const BpfLinkDetachAttr = struct({ link_fd: u32 });
/** BPF_ENABLE_STATS (`enable_stats`). */
export const BpfEnableStatsAttr = struct({ type: u32 });
/** BPF_ITER_CREATE (`iter_create`). */
export const BpfIterCreateAttr = struct({ link_fd: u32, flags: u32 });
/** BPF_PROG_BIND_MAP (`prog_bind_map`). */
export const BpfProgBindMapAttr = struct({ prog_fd: u32, map_fd: u32, flags: u32 });
/** BPF_TOKEN_CREATE (`token_create`). */
export const BpfTokenCreateAttr = struct({ flags: u32, bpffs_fd: u32 });
/** BPF_PROG_STREAM_READ_BY_FD (`prog_stream_read`). */
export const BpfProgStreamReadAttr = struct({
  stream_buf: usize,
  stream_buf_len: u32,
  stream_id: u32,
  prog_fd: u32,
});
/** BPF_PROG_ASSOC_STRUCT_OPS (`prog_assoc_struct_ops`; newer than 6.18). */
export const BpfProgAssocStructOpsAttr = struct({ map_fd: u32, prog_fd: u32, flags: u32 });
