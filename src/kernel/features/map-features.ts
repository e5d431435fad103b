/** Features of maps: types, flags and operations on elements. */
export const MAP_FEATURES = {
  "map:inode_storage": { what: "inode_storage maps", config: ["CONFIG_BPF_LSM"] },
  "map:task_storage": { what: "task_storage maps", since: "5.11" },
  "map:bloom_filter": { what: "bloom_filter maps", since: "5.16" },
  "map:user_ringbuf": { what: "user_ringbuf maps", since: "6.1" },
  "map:cgrp_storage": { what: "cgrp_storage maps", since: "6.2" },
  "map:arena": { what: "arena maps", since: "6.9" },
  "map:insn_array": { what: "insn_array maps", since: "6.19" },
  "map:ringbuf_overwrite": { what: "ring buffers that overwrite the oldest records", since: "6.19" },
  "map:xskmap": { what: "xskmap maps", config: ["CONFIG_XDP_SOCKETS"] },
  "map:struct_ops_link": { what: "struct_ops maps for links (BPF_F_LINK)", since: "6.4" },
  "map:take_hash": { what: "looking up and deleting an element of a hash in one step", since: "5.14" },
  "map:batch_lpm_trie": { what: "batches of lpm_trie maps", since: "5.11" },
  "map:batch_percpu_array": { what: "batches of percpu_array maps", since: "5.13" },
  "map:batch_map_of_maps": { what: "batches of maps of maps", since: "5.16" },
} as const;
