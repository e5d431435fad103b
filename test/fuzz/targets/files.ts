import { readdirSync, readFileSync } from "node:fs";
import {
  applyCoreRelocation,
  Btf,
  BtfBuilder,
  BtfEdit,
  BtfKind,
  type CoreRelocation,
  CoreRelocator,
  compileReader,
  compileWriter,
  copyTypes,
  dedupBtf,
  diffBtf,
  distillBase,
  encodeCoreRelocations,
  findNames,
  formatCoreRelocation,
  formatCPieces,
  formatRawPieces,
  formatSignature,
  formatType,
  mergeBtf,
  parseBtfExt,
  relocateToBase,
  sanitizeBtf,
} from "../../../src/btf/index.ts";
import { btfValue } from "../../../src/cli/output/btf-value.ts";
import { formatJson } from "../../../src/cli/output/json-writer.ts";
import {
  findFunction,
  findStub,
  matchingFunctions,
  parseElf,
  readNotes,
  readUsdtNotes,
} from "../../../src/elf/index.ts";
import { BpfError } from "../../../src/errors/index.ts";
import { nearNames } from "../../../src/layout/index.ts";
import { linkObjects, parseObject } from "../../../src/object/index.ts";
import type { FuzzTarget } from "../target.ts";

/** Larger objects have nothing that smaller ones lack, and take the time of many inputs. */
const MOST_BYTES = 24_000;

let objects: readonly Uint8Array[] | undefined;

/** The objects among the fixtures. */
export function fixtures(): readonly Uint8Array[] {
  objects ??= readdirSync("test/bpf")
    .filter((name) => name.endsWith(".o"))
    .map((name) => new Uint8Array(readFileSync(`test/bpf/${name}`)))
    .filter(({ length }) => length <= MOST_BYTES);
  return objects;
}

/** One section of each object that has it. */
function sections(wanted: string): Uint8Array[] {
  return fixtures().flatMap((data) => {
    const elf = parseElf(data, "fixture");
    return elf.sections.filter(({ name }) => name === wanted).map((section) => elf.contents(section).slice());
  });
}

/** Goes on after an error that is thrown on purpose: what else can be asked is asked. */
export function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
  }
}

const elf: FuzzTarget = {
  name: "elf",
  corpus: () => [
    ...fixtures().filter(({ length }) => length < 6000),
    ...["fixed", "moved"].map((name) => new Uint8Array(readFileSync(`test/link/probe/usdt/target-${name}`))),
  ],
  run: (data) => {
    const file = parseElf(data, "fuzz");
    attempt(() => file.segments);
    for (const section of file.sections) {
      attempt(() => file.contents(section));
      attempt(() => file.relocations(section));
      attempt(() => [...readNotes(file, section)]);
    }
    attempt(() => file.symbols?.length);
    attempt(() => [...(file.symbols ?? [])]);
    attempt(() => [...(file.dynamicSymbols ?? [])]);
    attempt(() => findFunction(file, "probes"));
    attempt(() => findFunction(file, "probes@V1"));
    attempt(() => findStub(file, "puts"));
    attempt(() => matchingFunctions(file, "*o*"));
    attempt(() =>
      nearNames(
        "probse",
        [...(file.symbols ?? [])].map(({ name }) => name),
      ),
    );
    attempt(() => readUsdtNotes(file));
  },
};

/** Kernels old and new. */
const FEATURES = [false, true].map((has) => ({
  func: has,
  datasec: has,
  funcGlobal: has,
  float: has,
  declTag: has,
  typeTag: has,
  enum64: has,
  questionMarkDatasec: has,
  layout: has,
}));

const btf: FuzzTarget = {
  name: "btf",
  corpus: () => sections(".BTF"),
  run: (data) => {
    const types = Btf.parse(data, { source: "fuzz" });
    attempt(() => types.pointerSize);
    for (const id of types.ids()) {
      attempt(() => types.type(id));
      attempt(() => types.resolve(id));
      attempt(() => types.sizeOf(id));
      attempt(() => types.alignOf(id));
      attempt(() => formatSignature(types, id));
      attempt(() => formatType(types, id));
    }
    attempt(() => types.find("event"));
    attempt(() => types.findAll("int"));
    attempt(() => types.findByEssentialName("task_struct"));
    attempt(() => types.findByEssentialNames(["event", "u32"]));
    for (const features of FEATURES) attempt(() => sanitizeBtf(types, features));
    attempt(() => new BtfEdit(types).encode());
    attempt(() => {
      const builder = new BtfBuilder();
      copyTypes(types, types.ids(), builder);
      Btf.parse(builder.encode());
    });
    attempt(() => Btf.parse(data, { source: "split", base: types }).idsOf(BtfKind.FUNC));
  },
};

/** What prints, searches and compares all types. */
const btfListings: FuzzTarget = {
  name: "btf-listings",
  corpus: () => sections(".BTF"),
  run: (data) => {
    const types = Btf.parse(data, { source: "fuzz" });
    const drain = (values: Iterable<unknown>): void => {
      for (const _ of values);
    };
    attempt(() => formatCPieces(types));
    attempt(() => formatCPieces(types, { sorted: false }));
    attempt(() => drain(formatRawPieces(types)));
    attempt(() => drain(formatRawPieces(types, { style: "pretty-json" })));
    attempt(() => drain(findNames(types, "*a*")));
    attempt(() => drain(findNames(types, "*.*")));
    attempt(() => diffBtf(Btf.parse(sections(".BTF")[0] as Uint8Array), types));
  },
};

/** Deduplication, alone, merged with another and on a base. */
const btfDedup: FuzzTarget = {
  name: "btf-dedup",
  corpus: () => sections(".BTF"),
  run: (data) => {
    const types = Btf.parse(data, { source: "fuzz" });
    const other = Btf.parse(sections(".BTF")[0] as Uint8Array);
    attempt(() => dedupBtf(types));
    attempt(() => dedupBtf(mergeBtf([types, other, types])));
    attempt(() => dedupBtf(mergeBtf([types], { base: other })));
    attempt(() => dedupBtf(Btf.parse(data, { source: "split", base: other })));
  },
};

/** A split BTF whose base is distilled, and moved to another: as base, as split BTF and as the other base. */
const btfDistilled: FuzzTarget = {
  name: "btf-distilled",
  corpus: () => sections(".BTF"),
  run: (data) => {
    const types = Btf.parse(data, { source: "fuzz" });
    const other = Btf.parse(sections(".BTF")[0] as Uint8Array);
    const split = mergeBtf([other], { base: types });
    attempt(() => distillBase(split));
    attempt(() => relocateToBase(distillBase(split), other));
    attempt(() => relocateToBase(split, other));
    attempt(() => {
      const distilled = distillBase(mergeBtf([types], { base: other }));
      relocateToBase(distilled, other);
      relocateToBase(distilled, types);
    });
  },
};

const btfValues: FuzzTarget = {
  name: "btf-values",
  corpus: () => sections(".BTF"),
  run: (data) => {
    const types = Btf.parse(data, { source: "fuzz" });
    const bytes = new Uint8Array(2048);
    for (let i = 0; i < bytes.length; i++) bytes[i] = data[i % data.length] as number;
    const view = new DataView(bytes.buffer);
    for (const id of types.ids()) {
      attempt(() => formatJson(btfValue(types, id, view, 3, true), true));
      attempt(() => formatJson(btfValue(types, id, view, 0, false)));
      attempt(() => compileReader(types, id, { enums: "names" })(view, 1));
      attempt(() => {
        const value = compileReader(types, id)(view, 0);
        compileWriter(types, id)(new DataView(new ArrayBuffer(bytes.length)), 0, value);
      });
    }
  },
};

const btfExt: FuzzTarget = {
  name: "btf-ext",
  corpus: () => sections(".BTF.ext"),
  run: (data) => {
    const types = honestTypes();
    const ext = parseBtfExt(data);
    for (const section of ext.funcInfos) for (let i = 0; i < section.count; i++) section.funcInfo(i);
    for (const section of ext.lineInfos) for (let i = 0; i < section.count; i++) section.lineInfo(i);
    for (const section of ext.coreRelocations) {
      for (let i = 0; i < section.count; i++) attempt(() => section.coreRelocation(i, types));
    }
  },
};

let honest: Btf | undefined;

function honestTypes(): Btf {
  honest ??= Btf.parse(typesOf("core-local"), { source: "honest" });
  return honest;
}

function typesOf(name: string): Uint8Array {
  const file = parseElf(new Uint8Array(readFileSync(`test/bpf/${name}.bpf.o`)), name);
  const section = file.sections.find((one) => one.name === ".BTF");
  if (section === undefined) throw new Error(`${name} has no BTF`);
  return file.contents(section).slice();
}

/** The types of an object, of a kernel, or of both, and relocations of all kinds for each of them. */
const core: FuzzTarget = {
  name: "core",
  corpus: () => ["core-local", "core-fields", "core-types", "core-flavours", "core-target"].map(typesOf),
  run: (data) => {
    const local = Btf.parse(data, { source: "fuzz" });
    for (const [mine, theirs] of [
      [local, honestTypes()],
      [honestTypes(), local],
      [local, local],
    ] as const) {
      const relocator = new CoreRelocator(mine, { main: theirs });
      const relocations: CoreRelocation[] = [];
      for (const typeId of mine.ids()) {
        const kind = (typeId + data.length) % 13;
        const accessString = ["0", "0:0", "0:1", "0:1:2", "3", "0:0:0:0"][(typeId * 7 + data.length) % 6] ?? "0";
        relocations.push({ slot: 0, typeId, kind, accessString });
      }
      attempt(() => relocator.prepare(relocations));
      for (const relocation of relocations) {
        attempt(() => formatCoreRelocation(mine, relocation));
        attempt(() => {
          const result = relocator.resolve(relocation);
          const opcode = data[relocation.typeId % data.length] as number;
          const instructions = new DataView(Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? opcode : 0)).buffer);
          applyCoreRelocation(instructions, 0, result, true, "fuzz");
        });
      }
      attempt(() => encodeCoreRelocations(mine, relocations));
    }
  },
};

/** The static linker: the object alone, twice, and before and after an honest one. */
const linker: FuzzTarget = {
  name: "linker",
  corpus: () => ["joined-a", "joined-b", "joined-c", "linked-main", "linked-other"].map(objectBytes),
  run: (data) => {
    const [fuzz, honest] = [
      { data, source: "fuzz.o" },
      { data: objectBytes("joined-b"), source: "honest.o" },
    ];
    for (const files of [[fuzz], [fuzz, fuzz], [fuzz, honest], [honest, fuzz]]) attempt(() => linkObjects(files));
  },
};

function objectBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`test/bpf/${name}.bpf.o`));
}

const object: FuzzTarget = {
  name: "object",
  corpus: fixtures,
  run: (data) => {
    for (const legacyMaps of [false, true]) {
      attempt(() => {
        const spec = parseObject(data, { source: "fuzz", legacyMaps });
        for (const variable of Object.values(spec.variables)) {
          if (variable.size < 1 << 20) attempt(() => variable.value);
        }
        for (const program of Object.values(spec.programs)) {
          for (const relocation of program.coreRelocations) {
            attempt(() => spec.btf && formatCoreRelocation(spec.btf, relocation));
          }
        }
      });
    }
  },
};

/** Parsers of files that a user names. */
export const FILE_TARGETS: readonly FuzzTarget[] = [
  elf,
  btf,
  btfListings,
  btfDedup,
  btfDistilled,
  btfValues,
  btfExt,
  core,
  linker,
  object,
];
