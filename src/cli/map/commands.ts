import type { ObjectEntry } from "../command/command.ts";
import { BPFFS, HELP, MAP, NOMOUNT, PROG, TABLE } from "../command/command.ts";

/** How to write a key or a value by its type. */
const TYPED =
  "Where the map has BTF, a key or value can also be JSON, as in key '{\"port\":9}', or parts of it, as in key.port=9 and " +
  "value.counts[2]=0x1f. A key or value without members is written key=9. Members that are left out are zero.";

/** `bpfts map`. */
export const map: ObjectEntry = {
  name: "map",
  summary: "inspect and change maps",
  grammar: [
    MAP,
    "DATA := { [hex] BYTES }",
    PROG,
    "VALUE := { DATA | MAP | PROG }",
    "UPDATE_FLAGS := { any | exist | noexist }",
    "TYPE := { hash | array | prog_array | perf_event_array | percpu_hash |",
    "          percpu_array | stack_trace | cgroup_array | lru_hash |",
    "          lru_percpu_hash | lpm_trie | array_of_maps | hash_of_maps |",
    "          devmap | devmap_hash | sockmap | cpumap | xskmap | sockhash |",
    "          cgroup_storage | reuseport_sockarray | percpu_cgroup_storage |",
    "          queue | stack | sk_storage | struct_ops | ringbuf | inode_storage |",
    "          task_storage | bloom_filter | user_ringbuf | cgrp_storage | arena |",
    "          insn_array | rhash }",
  ],
  options: [BPFFS, NOMOUNT, TABLE],
  commands: [
    {
      name: "show",
      syntax: ["[MAP]"],
      summary: "list the maps",
      help: () => ({
        examples: [
          ["bpfts map show", "show all maps"],
          ["bpfts map show name counts", "show the maps of a name"],
          ["bpfts map --table --sort -memlock", "show a table, with the largest maps first"],
        ],
      }),
      run: async () => (await import("./show.ts")).showMaps,
    },
    { name: "list", as: "show" },
    HELP,
    {
      name: "dump",
      syntax: ["MAP"],
      summary: "print all elements of a map",
      help: () => ({
        examples: [
          ["bpfts map dump name counts", "print all elements, by type where the map has BTF"],
          ["bpfts -j map dump id 7", "print them as JSON"],
        ],
      }),
      run: async () => (await import("./dump.ts")).dumpMaps,
    },
    {
      name: "update",
      changes: true,
      syntax: ["MAP [key DATA] [value VALUE] [UPDATE_FLAGS]"],
      summary: "write an element",
      help: () => ({
        examples: [
          ["bpfts map update id 7 key 1 0 0 0 value 2 0 0 0 noexist", "add an element, byte by byte"],
          [
            `bpfts map update name flows key '{"port":9}' value '{"packets":1}'`,
            "write key and value by their BTF types",
          ],
        ],
        notes: [TYPED],
        words: {
          key: "the key, byte by byte",
          value: "the value: bytes, or the map or program to store",
          any: "write the element whether it exists or not",
          exist: "write it only if it exists",
          noexist: "write it only if it does not exist",
        },
      }),
      run: async () => (await import("./element-actions.ts")).updateElement,
    },
    {
      name: "lookup",
      syntax: ["MAP [key DATA]"],
      summary: "print an element",
      help: () => ({
        examples: [
          ["bpfts map lookup id 7 key 1 0 0 0", "print the value of a key"],
          [`bpfts map lookup name flows key '{"port":9}'`, "write the key by its BTF type"],
        ],
        notes: [TYPED],
      }),
      run: async () => (await import("./element-actions.ts")).lookUpElement,
    },
    {
      name: "getnext",
      syntax: ["MAP [key DATA]"],
      summary: "print the key after a given key, or the first key",
      help: () => ({
        examples: [
          ["bpfts map getnext id 7", "print the first key"],
          ["bpfts map getnext id 7 key 1 0 0 0", "print the key that follows"],
        ],
      }),
      run: async () => (await import("./element-actions.ts")).nextKey,
    },
    {
      name: "delete",
      changes: true,
      syntax: ["MAP  key DATA"],
      summary: "delete an element",
      help: () => ({
        examples: [
          ["bpfts map delete id 7 key 1 0 0 0", "delete one element"],
          [`bpfts map delete name flows key '{"port":9}'`, "write the key by its BTF type"],
        ],
        notes: [TYPED],
      }),
      run: async () => (await import("./element-actions.ts")).deleteElement,
    },
    {
      name: "pin",
      changes: true,
      syntax: ["MAP  FILE"],
      summary: "pin a map to a file in a bpffs",
      help: () => ({
        examples: [["bpfts map pin name counts /sys/fs/bpf/counts", "keep a map after its process ends"]],
        words: {
          FILE: "the new pin, in a bpffs",
        },
      }),
      run: async () => (await import("./actions.ts")).pinMap,
    },
    {
      name: "event_pipe",
      syntax: ["MAP [cpu N index M]"],
      summary: "print the records of a perf event array as they come",
      help: () => ({
        examples: [
          ["bpfts map event_pipe name events", "print the records of all CPUs, until Ctrl-C"],
          ["bpfts map event_pipe id 7 cpu 0 index 0", "print the records of one CPU"],
        ],
        words: {
          cpu: "open the ring of this CPU",
          index: "the index in the map for this ring",
          M: "a number",
        },
      }),
      run: async () => (await import("./event-pipe.ts")).pipeEvents,
    },
    {
      name: "create",
      changes: true,
      syntax: [
        "FILE type TYPE key KEY_SIZE value VALUE_SIZE \\",
        "                  entries MAX_ENTRIES name NAME [flags FLAGS] \\",
        "                  [inner_map MAP] [offload_dev NAME]",
      ],
      summary: "create a map and pin it",
      help: () => ({
        examples: [
          [
            "bpfts map create /sys/fs/bpf/counts type hash key 4 value 8 entries 128 name counts",
            "create a hash of 128 elements",
          ],
        ],
        words: {
          FILE: "the new pin, in a bpffs",
          KEY_SIZE: "the size of a key in bytes",
          VALUE_SIZE: "the size of a value in bytes",
          MAX_ENTRIES: "the largest number of elements",
          FLAGS: "the BPF_F_ flags as a number",
          inner_map: "a map like those that the map of maps will hold",
          offload_dev: "offload the map to this network device",
        },
      }),
      run: async () => (await import("./create.ts")).createMap,
    },
    {
      name: "peek",
      syntax: ["MAP"],
      summary: "print the next value of a queue or stack without removing it",
      help: () => ({
        examples: [["bpfts map peek name waiting", "print the value that 'pop' or 'dequeue' would take"]],
      }),
      run: async () => (await import("./element-actions.ts")).lookUpElement,
    },
    {
      name: "push",
      changes: true,
      syntax: ["MAP value VALUE"],
      summary: "push a value onto a stack",
      help: () => ({
        examples: [["bpfts map push name undo value 1 0 0 0", "put a value on top of a stack"]],
      }),
      run: async () => (await import("./element-actions.ts")).updateElement,
    },
    {
      name: "enqueue",
      changes: true,
      syntax: ["MAP value VALUE"],
      summary: "add a value to a queue",
      help: () => ({
        examples: [["bpfts map enqueue name waiting value 1 0 0 0", "put a value at the end of a queue"]],
      }),
      run: async () => (await import("./element-actions.ts")).updateElement,
    },
    {
      name: "pop",
      changes: true,
      syntax: ["MAP"],
      summary: "remove the next value of a stack and print it",
      help: () => ({
        examples: [["bpfts map pop name undo", "take the top value off a stack"]],
      }),
      run: async () => (await import("./element-actions.ts")).popElement,
    },
    {
      name: "dequeue",
      changes: true,
      syntax: ["MAP"],
      summary: "remove the next value of a queue and print it",
      help: () => ({
        examples: [["bpfts map dequeue name waiting", "take the first value out of a queue"]],
      }),
      run: async () => (await import("./element-actions.ts")).popElement,
    },
    {
      name: "freeze",
      changes: true,
      syntax: ["MAP"],
      summary: "make a map read-only for processes, permanently",
      help: () => ({
        examples: [
          ["bpfts map freeze name config", "make a map read-only for all processes; programs may still write"],
        ],
      }),
      run: async () => (await import("./actions.ts")).freezeMap,
    },
    {
      name: "events",
      syntax: ["MAP [type BTF_TYPE]"],
      summary: "print the records of a ring buffer or perf event array as they come, one JSON document a line",
      help: () => ({
        examples: [
          ["bpfts map events name events", "print records as they come, decoded where the object gives their type"],
          ["bpfts map events name events type event", "decode them as struct event"],
        ],
        words: {
          type: "decode the records as this struct of the BTF of a program that uses the map",
          BTF_TYPE: "the name of a struct",
        },
      }),
      run: async () => (await import("./events.ts")).showEvents,
    },
    {
      name: "watch",
      syntax: ["MAP [interval MS]"],
      summary: "print each change of a map",
      help: () => ({
        examples: [
          ["bpfts map watch name counts", "print what changes, once a second"],
          ["bpfts map watch name counts interval 100", "print what changes ten times a second"],
        ],
        words: {
          interval: "the time between two reads of the map",
          MS: "milliseconds",
        },
      }),
      run: async () => (await import("./watch.ts")).watchElements,
    },
  ],
};
