import assert from "node:assert/strict";
import { test } from "node:test";
import { BtfBuilder } from "../../src/btf/index.ts";
import {
  SectionFlag,
  SectionIndex,
  SectionType,
  SymbolBinding,
  SymbolType,
  SymbolVisibility,
} from "../../src/elf/index.ts";
import { FormatError } from "../../src/errors/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { buildElf, type NewElf, type NewSection, type NewSymbol, relocationBytes } from "../elf/build-elf.ts";

const EXIT = [0x95, 0, 0, 0, 0, 0, 0, 0];
const LOAD = [0x18, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const CALL = [0x85, 0x10, 0, 0, 0xff, 0xff, 0xff, 0xff];
const MOVE = [0xb7, 0, 0, 0, 0, 0, 0, 0];

const code = (...instructions: number[][]): NewSection => ({
  name: "xdp",
  flags: SectionFlag.SHF_EXECINSTR,
  data: Uint8Array.from(instructions.flat()),
});
const main = (size = 8): NewSymbol => ({ name: "main", section: 1, size, type: SymbolType.STT_FUNC });

function file(sections: readonly NewSection[], symbols: readonly NewSymbol[], more: Partial<NewElf> = {}): Uint8Array {
  return buildElf({ sections, symbols, ...more });
}
/** One instruction of `xdp` that refers to symbol 2, which is `symbol`. */
function reference(instruction: number[], symbol: NewSymbol, ...sections: NewSection[]): Uint8Array {
  const program = code(instruction, EXIT);
  const relocation = {
    name: ".relxdp",
    type: SectionType.SHT_REL,
    info: 1,
    data: relocationBytes([{ offset: 0, symbol: 2 }]),
  };
  return file([program, relocation, ...sections], [main(instruction.length + 8), symbol]);
}
const undefinedSymbol = (name: string): NewSymbol => ({ name });

interface MapMember {
  name: string;
  number?: number;
  type?: number;
}
/** An object with one map, whose struct has these members. */
function mapObject(
  members: readonly MapMember[],
  { linkage = "global" as "global" | "static", kind = "struct" } = {},
): Uint8Array {
  const btf = new BtfBuilder();
  const int = btf.add({
    kind: "int",
    name: "int",
    size: 4,
    signed: true,
    char: false,
    bool: false,
    bitOffset: 0,
    bits: 32,
  });
  const fields = members.map(({ name, number, type }, i) => {
    const target =
      number === undefined
        ? (type ?? int)
        : btf.add({ kind: "array", name: "", type: int, indexType: int, length: number });
    return { name, type: btf.add({ kind: "ptr", name: "", type: target }), bitOffset: 64 * i, bitSize: 0 };
  });
  const size = 8 * members.length;
  const struct = kind === "int" ? int : btf.add({ kind: "struct", name: "", size, members: fields });
  const variable = btf.add({ kind: "var", name: "events", type: struct, linkage });
  btf.add({ kind: "datasec", name: ".maps", size, variables: [{ type: variable, offset: 0, size }] });
  return file(
    [code(EXIT), { name: ".maps", data: new Uint8Array(size) }, { name: ".BTF", data: btf.encode() }],
    [
      main(),
      { name: "events", section: 2, size, type: SymbolType.STT_OBJECT, visibility: SymbolVisibility.STV_DEFAULT },
    ],
  );
}
const TYPE = { name: "type", number: 1 };

const refused: readonly [what: string, data: Uint8Array, message: RegExp][] = [
  [
    "an executable of another machine",
    file([], [], { type: 2, machine: 62 }),
    /^broken\.o: this is not a BPF object: it is for machine X86_64 \(62\), not BPF \(247\); compile with/,
  ],
  ["an unknown machine", file([], [], { machine: 999 }), /for machine 999, not BPF/],
  ["a linked file", file([], [], { type: 3 }), /this is not a relocatable object \(ET_REL, 1\): its ELF type is 3/],
  ["a 32-bit file", file([], [], { bits: 32 }), /32-bit ELF file/],
  [
    "a program without a size",
    file([code(EXIT)], [main(0)]),
    /^broken\.o: section xdp at offset 0x0: function main has no size/,
  ],
  [
    "half an instruction",
    file([code(EXIT)], [main(12)]),
    /function main of 12 bytes begins or ends in the middle of an instruction/,
  ],
  [
    "a program past the end",
    file([code(EXIT)], [main(16)]),
    /function main of 16 bytes ends past the end of the section, which has 8 bytes/,
  ],
  [
    "programs over one another",
    file([code(EXIT, EXIT)], [main(16), { ...main(), name: "other", value: 8 }]),
    /section xdp at offset 0x8: functions main and other overlap/,
  ],
  [
    "two programs of one name",
    file([code(EXIT), { ...code(EXIT), name: "tc" }], [main(), { ...main(), section: 2 }]),
    /^broken\.o: two programs have the name main$/,
  ],
  [
    "two data sections of one name",
    file(
      [
        { name: ".data", data: new Uint8Array(8) },
        { name: ".data", data: new Uint8Array(8) },
      ],
      [],
    ),
    /section \.data: the object has two maps \.data$/,
  ],
  [
    "a version of 8 bytes",
    file([{ name: "version", data: new Uint8Array(8) }], []),
    /section version: the kernel version must have 4 bytes, not 8/,
  ],
  [
    "a compressed section",
    file([{ ...code(EXIT), flags: SectionFlag.SHF_EXECINSTR | SectionFlag.SHF_COMPRESSED }], [main()]),
    /section xdp: compressed/,
  ],
  [
    "a symbol that is not there",
    file(
      [
        code(LOAD, EXIT),
        { name: ".relxdp", type: SectionType.SHT_REL, info: 1, data: relocationBytes([{ offset: 0, symbol: 77 }]) },
      ],
      [main(24)],
    ),
    /section \.symtab: there is no symbol 77: the table has 2 symbols$/,
  ],
  [
    "a relocation between instructions",
    file(
      [
        code(LOAD, EXIT),
        { name: ".relxdp", type: SectionType.SHT_REL, info: 1, data: relocationBytes([{ offset: 4, symbol: 1 }]) },
      ],
      [main(24)],
    ),
    /section xdp at offset 0x4: relocation 0 against main: no instruction of the section begins at its offset$/,
  ],
  [
    "an addend",
    file(
      [
        code(LOAD, EXIT),
        {
          name: ".relaxdp",
          type: SectionType.SHT_RELA,
          info: 1,
          data: relocationBytes([{ offset: 0, symbol: 1, addend: 8 }]),
        },
      ],
      [main(24)],
    ),
    /it has an explicit addend \(8\)/,
  ],
  [
    "a relocated move",
    reference(MOVE, undefinedSymbol("x")),
    /section xdp at offset 0x0: relocation 0 against x: function main: the relocated instruction has opcode 0xb7, but only a call or an ld_imm64 can be relocated$/,
  ],
  [
    "half a load",
    file(
      [
        code(LOAD.slice(0, 8)),
        { name: ".relxdp", type: SectionType.SHT_REL, info: 1, data: relocationBytes([{ offset: 0, symbol: 1 }]) },
      ],
      [main(8)],
    ),
    /the relocated instruction has opcode 0x18, but only a call or an ld_imm64 can be relocated$/,
  ],
  [
    "a function defined nowhere",
    reference(CALL, undefinedSymbol("helper")),
    /relocation 0 against helper: function main: the program calls helper, but the object neither defines this function nor declares it __ksym/,
  ],
  [
    "a common variable",
    reference(LOAD, { name: "x", section: SectionIndex.SHN_COMMON, type: SymbolType.STT_OBJECT }),
    /against x: function main: this is a common symbol; give the variable an initial value, or compile with -fno-common$/,
  ],
  [
    "a variable in a strange section",
    reference(
      LOAD,
      { name: "x", section: 3, type: SymbolType.STT_OBJECT },
      { name: "elsewhere", data: new Uint8Array(8) },
    ),
    /against x: function main: section elsewhere contains no maps, variables or functions/,
  ],
  [
    "the middle of a function",
    reference(CALL, { name: "f", section: 1, value: 8, type: SymbolType.STT_FUNC, size: 8 }),
    /functions main and f overlap/,
  ],
  [
    "a call into nothing",
    file([code([0x85, 0x10, 0, 0, 9, 0, 0, 0], EXIT)], [main(16)]),
    /section xdp at offset 0x0: function main: a call goes to instruction 10, where no function begins$/,
  ],
  [
    "a function's address without a relocation",
    file([code([0x18, 0x41, ...LOAD.slice(2)], EXIT)], [main(24)]),
    /an instruction loads a function's address, but no relocation names the function$/,
  ],
  [
    "arena variables without an arena",
    file(
      [code(EXIT), { name: ".addr_space.1", data: new Uint8Array(8) }, { name: ".maps", data: new Uint8Array(0) }],
      [main()],
    ),
    /section \.maps: the maps are defined by BTF, but the object has no BTF; compile it with clang -g/,
  ],
  [
    "struct_ops without BTF",
    file([code(EXIT), { name: ".struct_ops", data: new Uint8Array(8) }], [main()]),
    /section \.struct_ops: struct_ops maps need BTF, but the object has none; compile it with clang -g$/,
  ],
  [
    "a broken BTF",
    file([code(EXIT), { name: ".BTF", data: new Uint8Array(40) }], [main()]),
    /^broken\.o: section \.BTF at offset 0x0: this is not BTF: it begins with 0x0, not with the magic number 0xeb9f$/,
  ],
  [
    "a map without a type",
    mapObject([{ name: "max_entries", number: 5 }]),
    /^broken\.o: section \.maps: map events: its definition has no type$/,
  ],
  [
    "an its definition has an unknown member",
    mapObject([TYPE, { name: "max_entires", number: 5 }]),
    /map events: its definition has an unknown member max_entires; to ignore it, set the option 'ignoreUnknownMapFields' \(in the command: --mapcompat\)$/,
  ],
  [
    "a number that is no array",
    mapObject([{ name: "type" }]),
    /map events: member type must point to an array \(__uint\), not INT$/,
  ],
  [
    "sizes that disagree",
    mapObject([TYPE, { name: "key_size", number: 8 }, { name: "key" }]),
    /member key gives a key size of 4, but another member gives 8$/,
  ],
  [
    "a key without a size",
    mapObject([TYPE, { name: "key", type: 0 }]),
    /section \.maps: map events: member key points to a type of unknown size: /,
  ],
  [
    "values of an ordinary map",
    mapObject([TYPE, { name: "values", number: 0 }]),
    /only a prog array or a map of maps can have the member "values"$/,
  ],
  [
    "values in the middle",
    mapObject([
      { name: "type", number: 3 },
      { name: "values", number: 0 },
      { name: "max_entries", number: 1 },
    ]),
    /the member "values" must be the last one$/,
  ],
  [
    "a strange pinning",
    mapObject([TYPE, { name: "pinning", number: 2 }]),
    /pinning must be 0 \(none\) or 1 \(LIBBPF_PIN_BY_NAME\), not 2$/,
  ],
  ["a static map", mapObject([TYPE], { linkage: "static" }), /map events is static; a map must be global/],
  [
    "a map that is no struct",
    mapObject([TYPE], { kind: "int" }),
    /map events: its definition must be a struct, not INT$/,
  ],
];
for (const [what, data, message] of refused) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => parseObject(data, { source: "broken.o" }),
      (error) => {
        assert.ok(error instanceof FormatError, String(error));
        assert.match(error.message, message);
        assert.match(error.source, /^broken\.o/);
        return true;
      },
    );
  });
}

test("a stripped object is refused", () => {
  const data = file([code(EXIT)], [main()]);
  const view = new DataView(data.buffer);
  const headers = Number(view.getBigUint64(40, true));
  view.setUint32(headers + 64 * 2 + 4, SectionType.SHT_PROGBITS, true);
  assert.throws(() => parseObject(data, { source: "broken.o" }), /it was stripped; strip it with -g only$/);
});

test("what is missing but not needed is no error", () => {
  assert.deepEqual(Object.keys(parseObject(file([], [])).programs), []);
  const { license, kernelVersion, programs } = parseObject(file([code(EXIT)], [main()]));
  assert.deepEqual([license, kernelVersion, Object.keys(programs)], ["", 0, ["main"]]);
  // Old compilers left the machine at 0.
  assert.deepEqual(Object.keys(parseObject(file([code(EXIT)], [main()], { machine: 0 })).programs), ["main"]);
});

test("a static function of any section is a subprogram", () => {
  const relocation = {
    name: ".relxdp",
    type: SectionType.SHT_REL,
    info: 1,
    data: relocationBytes([{ offset: 0, symbol: 2 }]),
  };
  // A static function is meant by its section's symbol and the distance in the call.
  const data = file(
    [code([...CALL.slice(0, 4), 1, 0, 0, 0], EXIT, EXIT), relocation],
    [
      main(16),
      { name: "", section: 1, type: SymbolType.STT_SECTION, binding: SymbolBinding.STB_LOCAL },
      { name: "part", section: 1, value: 16, size: 8, type: SymbolType.STT_FUNC, binding: SymbolBinding.STB_LOCAL },
    ],
  );
  const { programs } = parseObject(data);
  assert.deepEqual(Object.keys(programs), ["main"]);
  assert.deepEqual(
    programs.main?.functions.map(({ name, slot }) => [name, slot]),
    [
      ["main", 0],
      ["part", 2],
    ],
  );
  assert.deepEqual([...(programs.main?.instructions.subarray(4, 8) ?? [])], [1, 0, 0, 0]);
});

test("two names of one program are two programs", () => {
  const { programs } = parseObject(
    file([code(EXIT)], [main(), { ...main(), name: "alias", binding: SymbolBinding.STB_WEAK }]),
  );
  assert.deepEqual(Object.keys(programs), ["main", "alias"]);
  assert.deepEqual(programs.alias?.functions, [{ name: "alias", slot: 0, typeId: 0 }]);
});

test("an undefined symbol that is loaded, as inline assembly does, is a constant to be set", () => {
  const { programs, externs } = parseObject(
    reference(LOAD, { ...undefinedSymbol("LIMIT"), binding: SymbolBinding.STB_WEAK }),
  );
  assert.deepEqual(externs.LIMIT, { name: "LIMIT", weak: true, source: { kind: "constant", value: undefined } });
  assert.deepEqual(programs.main?.relocations, [{ kind: "extern", slot: 0, extern: "LIMIT" }]);
});
