import { HELP, type ObjectEntry } from "../command/command.ts";

/** `bpfts gen`. */
export const gen: ObjectEntry = {
  name: "gen",
  summary: "generate code and files from BPF objects",
  options: ["{-L|--use-loader}", "{-S|--sign} -k PRIVATE_KEY.pem -i CERTIFICATE.x509"],
  commands: [
    {
      name: "object",
      syntax: ["OUTPUT_FILE INPUT_FILE [INPUT_FILE...]"],
      summary: "link BPF objects into one",
      changes: true,
      help: () => ({
        examples: [["bpfts gen object app.bpf.o main.bpf.o library.bpf.o", "link two objects into one"]],
        words: {
          OUTPUT_FILE: "the file to write; a file that is there is replaced as soon as linking has succeeded",
          INPUT_FILE: "a BPF object file; the order decides which of two weak symbols is kept",
        },
      }),
      run: async () => (await import("./object.ts")).genObject,
    },
    {
      name: "skeleton",
      syntax: ["FILE [name OBJECT_NAME]"],
      summary: "print a C header that embeds an object and gives access to its programs, maps and variables",
      help: () => ({
        examples: [
          ["bpfts gen skeleton counter.bpf.o > counter.skel.h", "write a C header for one object"],
          ["bpfts gen skeleton counter.bpf.o name meter", "use another name in it"],
          ["bpfts gen skeleton -L counter.bpf.o > counter.lskel.h", "write a light skeleton, which needs no libbpf"],
        ],
        words: {
          FILE: "a BPF object file",
        },
      }),
      run: async () => (await import("./skeleton.ts")).genSkeleton,
    },
    {
      name: "subskeleton",
      syntax: ["FILE [name OBJECT_NAME]"],
      summary: "print a C header for the part of a bigger object that comes from this file",
      help: () => ({
        examples: [
          ["bpfts gen subskeleton library.bpf.o > library.subskel.h", "write a C header for the part of a library"],
        ],
        words: {
          FILE: "a BPF object file",
        },
      }),
      run: async () => (await import("./skeleton.ts")).genSubskeleton,
    },
    {
      name: "min_core_btf",
      changes: true,
      syntax: ["INPUT OUTPUT OBJECT [OBJECT...]"],
      summary: "write only those types of a kernel's BTF that objects need to be loaded on this kernel",
      help: () => ({
        examples: [
          [
            "bpfts gen min_core_btf vmlinux.btf small.btf counter.bpf.o",
            "keep only the types that this object's relocations need",
          ],
        ],
        words: {
          INPUT: "the BTF of a kernel",
          OUTPUT: "the BTF file to write",
          OBJECT: "a BPF object file",
        },
      }),
      run: async () => (await import("./min-core-btf.ts")).genMinCoreBtf,
    },
    HELP,
  ],
};
