import assert from "node:assert/strict";
import { test } from "node:test";
import * as asm from "../../src/asm/index.ts";
import {
  type AssemblyItem,
  assemble,
  atomic,
  decodeInstructions,
  formatInstruction,
  r0,
  r1,
  r2,
  r3,
  r6,
  r10,
  w1,
  w2,
} from "../../src/asm/index.ts";
import { UsageError } from "../../src/errors/index.ts";
import { formatHex } from "../../src/layout/index.ts";

/** What is written, its bytes (as LLVM's assembler gives them), the kernel's text. */
const FORMS: readonly (readonly [AssemblyItem, string, string])[] = [
  [asm.mov(r0, 0), "b700000000000000", "(b7) r0 = 0"],
  [asm.mov(r1, r2), "bf21000000000000", "(bf) r1 = r2"],
  [asm.mov(w1, -1), "b4010000ffffffff", "(b4) w1 = -1"],
  [asm.mov(w1, 0xffffffff), "b4010000ffffffff", "(b4) w1 = -1"],
  [asm.mov(w1, w2), "bc21000000000000", "(bc) w1 = w2"],
  [asm.movsx(r1, r2, 8), "bf21080000000000", "(bf) r1 = (s8)r2"],
  [asm.movsx(r1, r2, 16), "bf21100000000000", "(bf) r1 = (s16)r2"],
  [asm.movsx(r1, r2, 32), "bf21200000000000", "(bf) r1 = (s32)r2"],
  [asm.movsx(w1, w2, 8), "bc21080000000000", "(bc) w1 = (s8)w2"],
  [asm.add(r1, 5), "0701000005000000", "(07) r1 += 5"],
  [asm.sub(r1, r2), "1f21000000000000", "(1f) r1 -= r2"],
  [asm.mul(w1, w2), "2c21000000000000", "(2c) w1 *= w2"],
  [asm.div(r1, 3), "3701000003000000", "(37) r1 /= 3"],
  [asm.sdiv(r1, 3), "3701010003000000", "(37) r1 s/= 3"],
  [asm.sdiv(r1, r2), "3f21010000000000", "(3f) r1 s/= r2"],
  [asm.smod(w1, w2), "9c21010000000000", "(9c) w1 s%= w2"],
  [asm.mod(r1, r2), "9f21000000000000", "(9f) r1 %= r2"],
  [asm.and(r1, 255), "57010000ff000000", "(57) r1 &= 255"],
  [asm.or(r1, r2), "4f21000000000000", "(4f) r1 |= r2"],
  [asm.xor(r1, r2), "af21000000000000", "(af) r1 ^= r2"],
  [asm.lsh(r1, 32), "6701000020000000", "(67) r1 <<= 32"],
  [asm.rsh(r1, 32), "7701000020000000", "(77) r1 >>= 32"],
  [asm.arsh(r1, 32), "c701000020000000", "(c7) r1 s>>= 32"],
  [asm.neg(r1), "8701000000000000", "(87) r1 = -r1"],
  [asm.neg(w1), "8401000000000000", "(84) w1 = -w1"],
  [asm.le(r1, 16), "d401000010000000", "(d4) r1 = le16 r1"],
  [asm.be(r1, 64), "dc01000040000000", "(dc) r1 = be64 r1"],
  [asm.bswap(r1, 32), "d701000020000000", "(d7) r1 = bswap32 r1"],
  [asm.addrSpaceCast(r1, r2, 0, 1), "bf21010001000000", "(bf) r1 = addr_space_cast(r2, 0, 1)"],
  [asm.addrSpaceCast(r1, r2, 1, 0), "bf21010000000100", "(bf) r1 = addr_space_cast(r2, 1, 0)"],
  [asm.ldx("u8", r1, r2, 4), "7121040000000000", "(71) r1 = *(u8 *)(r2 +4)"],
  [asm.ldx("u16", r1, r2, 4), "6921040000000000", "(69) r1 = *(u16 *)(r2 +4)"],
  [asm.ldx("u32", r1, r2, 4), "6121040000000000", "(61) r1 = *(u32 *)(r2 +4)"],
  [asm.ldx("u64", r1, r10, -8), "79a1f8ff00000000", "(79) r1 = *(u64 *)(r10 -8)"],
  [asm.ldx("s8", r1, r2, 4), "9121040000000000", "(91) r1 = *(s8 *)(r2 +4)"],
  [asm.ldx("s16", r1, r2, 4), "8921040000000000", "(89) r1 = *(s16 *)(r2 +4)"],
  [asm.ldx("s32", r1, r2, -4), "8121fcff00000000", "(81) r1 = *(s32 *)(r2 -4)"],
  [asm.stx("u32", r10, r1, -8), "631af8ff00000000", "(63) *(u32 *)(r10 -8) = r1"],
  [asm.stx("u8", r10, r1, 0), "731a000000000000", "(73) *(u8 *)(r10 +0) = r1"],
  [asm.st("u64", r10, -8, -1), "7a0af8ffffffffff", "(7a) *(u64 *)(r10 -8) = -1"],
  [asm.st("u16", r10, -8, 7), "6a0af8ff07000000", "(6a) *(u16 *)(r10 -8) = 7"],
  [asm.ldAbs("u8", 14), "300000000e000000", "(30) r0 = *(u8 *)skb[14]"],
  [asm.ldInd("u16", r6, 12), "486000000c000000", "(48) r0 = *(u16 *)skb[r6 + 12]"],
  [atomic("add", "u64", r1, r2, 8), "db21080000000000", "(db) lock *(u64 *)(r1 +8) += r2"],
  [atomic("and", "u64", r1, r2, 8), "db21080050000000", "(db) lock *(u64 *)(r1 +8) &= r2"],
  [atomic("or", "u32", r1, r2, 8), "c321080040000000", "(c3) lock *(u32 *)(r1 +8) |= r2"],
  [atomic("xor", "u32", r1, r2, 8), "c3210800a0000000", "(c3) lock *(u32 *)(r1 +8) ^= r2"],
  [atomic("fetch_add", "u64", r1, r2, 0), "db21000001000000", "(db) r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)"],
  [atomic("fetch_and", "u64", r1, r2, 0), "db21000051000000", "(db) r2 = atomic64_fetch_and((u64 *)(r1 +0), r2)"],
  [atomic("fetch_or", "u32", r1, r2, 0), "c321000041000000", "(c3) r2 = atomic_fetch_or((u32 *)(r1 +0), r2)"],
  [atomic("fetch_xor", "u32", r1, r2, 0), "c3210000a1000000", "(c3) r2 = atomic_fetch_xor((u32 *)(r1 +0), r2)"],
  [atomic("xchg", "u64", r1, r2, 0), "db210000e1000000", "(db) r2 = atomic64_xchg((u64 *)(r1 +0), r2)"],
  [atomic("xchg", "u32", r1, r2, 0), "c3210000e1000000", "(c3) r2 = atomic_xchg((u32 *)(r1 +0), r2)"],
  [atomic("cmpxchg", "u64", r1, r2, 0), "db210000f1000000", "(db) r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)"],
  [asm.loadAcquire("u32", r1, r2, 4), "c321040000010000", "(c3) r1 = load_acquire((u32 *)(r2 +4))"],
  [asm.loadAcquire("u8", r1, r2, 4), "d321040000010000", "(d3) r1 = load_acquire((u8 *)(r2 +4))"],
  [asm.storeRelease("u64", r1, r2, -8), "db21f8ff10010000", "(db) store_release((u64 *)(r1 -8), r2)"],
  [asm.ldImm64(r1, 0x0123456789abcdefn), "18010000efcdab890000000067452301", "(18) r1 = 0x123456789abcdef"],
  [asm.ldImm64(r1, -1), "18010000ffffffff00000000ffffffff", "(18) r1 = 0xffffffffffffffff"],
  [asm.ldMapFd(r1, 5), "18110000050000000000000000000000", "(18) r1 = 0x5"],
  [asm.ldMapValue(r1, 5, 16), "18210000050000000000000010000000", "(18) r1 = 0x1000000005"],
  [asm.ldBtfId(r1, 77, 3), "183100004d0000000000000003000000", "(18) r1 = 0x30000004d"],
  [asm.ldFunc(r1, -2), "18410000feffffff0000000000000000", "(18) r1 = 0xfffffffe"],
  [asm.ldMapIdx(r1, 1), "18510000010000000000000000000000", "(18) r1 = 0x1"],
  [asm.ldMapIdxValue(r1, 1, 4), "18610000010000000000000004000000", "(18) r1 = 0x400000001"],
  [asm.jeq(r1, 0, 1), "1501010000000000", "(15) if r1 == 0x0 goto pc+1"],
  [asm.jne(r1, -1, 1), "55010100ffffffff", "(55) if r1 != 0xffffffff goto pc+1"],
  [asm.jgt(r1, r2, 1), "2d21010000000000", "(2d) if r1 > r2 goto pc+1"],
  [asm.jge(r1, r2, 1), "3d21010000000000", "(3d) if r1 >= r2 goto pc+1"],
  [asm.jlt(r1, r2, 1), "ad21010000000000", "(ad) if r1 < r2 goto pc+1"],
  [asm.jle(r1, r2, 1), "bd21010000000000", "(bd) if r1 <= r2 goto pc+1"],
  [asm.jset(r1, 7, 0), "4501000007000000", "(45) if r1 & 0x7 goto pc+0"],
  [asm.jsgt(w1, w2, -2), "6e21feff00000000", "(6e) if w1 s> w2 goto pc-2"],
  [asm.jsge(r1, r2, 1), "7d21010000000000", "(7d) if r1 s>= r2 goto pc+1"],
  [asm.jslt(r1, r2, 1), "cd21010000000000", "(cd) if r1 s< r2 goto pc+1"],
  [asm.jsle(w1, 0xffffffff, 1), "d6010100ffffffff", "(d6) if w1 s<= 0xffffffff goto pc+1"],
  [asm.ja(1), "0500010000000000", "(05) goto pc+1"],
  [asm.gotol(-70000), "0600000090eefeff", "(06) gotol pc-70000"],
  [asm.gotox(r3), "0d03000000000000", "(0d) gotox r3"],
  [asm.mayGoto(1), "e500010000000000", "(e5) may_goto pc+1"],
  [asm.call(1), "8500000001000000", "(85) call bpf_map_lookup_elem#1"],
  [asm.call(100_000), "85000000a0860100", "(85) call unknown#100000"],
  [asm.callKfunc(1234, 2), "85200200d2040000", "(85) call kernel-function#1234"],
  [asm.callx(r2), "8d02000000000000", "(8d) call bpf_unspec#0"],
  [asm.exit(), "9500000000000000", "(95) exit"],
];

for (const [item, hex, text] of FORMS) {
  test(text, () => {
    const bytes = assemble([item]);
    assert.equal(formatHex(bytes), hex);
    const [instruction, ...rest] = decodeInstructions(bytes);
    assert.deepEqual(rest, []);
    assert.equal(formatInstruction(instruction as asm.Instruction), text);
  });
}

const REFUSED: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["a 64-bit immediate is not sign-extended behind one's back", () => asm.mov(r0, 0xffffffff), /use ldImm64/],
  ["a fraction", () => asm.mov(r0, 1.5), /does not fit/],
  ["registers of two widths", () => asm.add(r0, w1), /r0 and w1 differ in width/],
  ["a jump on registers of two widths", () => asm.jeq(w1, r0, "out"), /differ in width/],
  ["a 32-bit address", () => asm.ldx("u8", r0, w1, 0), /w1 has only 32 bits, but this operand needs 64: use r1/],
  ["65 bits", () => asm.ldImm64(r0, 1n << 64n), /does not fit into 64 bits/],
  [
    "an offset of 17 bits",
    () => assemble([asm.ldx("u8", r0, r1, 40_000)]),
    /off must be an integer from -32768 to 32767/,
  ],
];

for (const [name, action, message] of REFUSED) {
  test(`refuses ${name}`, () => {
    assert.throws(action, (error) => error instanceof UsageError && message.test(error.message));
  });
}
