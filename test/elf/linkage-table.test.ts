import assert from "node:assert/strict";
import { test } from "node:test";
import { ElfMachine, findFunction, findStub, parseElf, SectionType } from "../../src/elf/index.ts";
import { FormatError } from "../../src/errors/index.ts";
import { buildElf, relocationBytes } from "./build-elf.ts";

const SLOT = 0x3010;
const STUB = 16;

/** An executable that imports `first` and `kill`, with a stub for the second one. */
function executable(machine: number, stub: Uint8Array, section = ".plt"): Uint8Array {
  const names = new TextEncoder().encode("\0first\0kill\0");
  const symbols = new DataView(new ArrayBuffer(24 * 3));
  symbols.setUint32(24, 1, true);
  symbols.setUint32(48, 7, true);
  const code = new Uint8Array(3 * STUB);
  code.set(stub, 2 * STUB);
  return buildElf({
    type: 3,
    machine,
    sections: [
      { name: ".dynsym", type: SectionType.SHT_DYNSYM, data: new Uint8Array(symbols.buffer), link: 2, entrySize: 24 },
      { name: ".dynstr", type: SectionType.SHT_STRTAB, data: names },
      {
        name: ".rela.plt",
        type: SectionType.SHT_RELA,
        entrySize: 24,
        data: relocationBytes([
          { offset: SLOT - 8, symbol: 1, type: 7, addend: 0 },
          { offset: SLOT, symbol: 2, type: 7, addend: 0 },
        ]),
      },
      { name: section, data: code },
    ],
  });
}

/** Little-endian instructions of four bytes. */
function instructions(...words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, true);
  });
  return new Uint8Array(view.buffer);
}

/** `jmp *slot(%rip)` of a stub at 2 * STUB, behind some bytes. */
function jump(...before: readonly number[]): Uint8Array {
  const displacement = instructions(SLOT - (2 * STUB + before.length + 6));
  return Uint8Array.of(...before, 0xff, 0x25, ...displacement);
}

// The page of the slot is 3 pages on: 3 in the upper 19 bits is 0, in the lower two 3.
const ADRP = 0x90000010 + (3 << 29);
const LDR = 0xf9400211 + ((0x10 / 8) << 10);

for (const [name, machine, stub, section] of [
  ["x86-64", ElfMachine.EM_X86_64, jump(), ".plt"],
  ["x86-64 with branch tracking", ElfMachine.EM_X86_64, jump(0xf3, 0x0f, 0x1e, 0xfa), ".plt.sec"],
  ["x86-64 with branch tracking and bounds", ElfMachine.EM_X86_64, jump(0xf3, 0x0f, 0x1e, 0xfa, 0xf2), ".plt.sec"],
  ["arm64", ElfMachine.EM_AARCH64, instructions(ADRP >>> 0, LDR >>> 0), ".plt"],
  ["arm64 with branch targets", ElfMachine.EM_AARCH64, instructions(0xd503245f, ADRP >>> 0, LDR >>> 0), ".plt"],
] as const) {
  test(`the stub of an imported function: ${name}`, () => {
    const bytes = executable(machine, stub, section);
    const elf = parseElf(bytes, "test");
    const place = (elf.sections.find((one) => one.name === section)?.offset ?? 0) + 2 * STUB;
    assert.equal(findStub(elf, "kill"), place);
    assert.deepEqual(findFunction(elf, "kill@plt"), { name: "kill@plt", offset: place });
    for (const none of ["first", "nope"]) {
      assert.equal(findStub(elf, none), undefined);
      assert.throws(() => findFunction(elf, `${none}@plt`), /test has no PLT stub for/);
    }
    for (let end = 0; end < bytes.length; end++) {
      try {
        findStub(parseElf(bytes.subarray(0, end), "test"), "kill");
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }
  });
}

test("no stubs are known of other processors", () => {
  assert.equal(findStub(parseElf(executable(ElfMachine.EM_RISCV, jump()), "test"), "kill"), undefined);
});
