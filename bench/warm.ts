/**
 * Measures functions that a long-lived process calls often, after V8 has compiled them, with mitata: `npm run
 * bench:warm`.
 */
import { readFileSync } from "node:fs";
import { decodeInstructions, formatInstruction } from "bpfts/asm";
import { Btf, BtfKind, compileReader, compileWriter } from "bpfts/btf";
import { parseObject } from "bpfts/object";
import { bench, group, do_not_optimize as keep, run } from "mitata";

const counter = readFileSync("test/bpf/counter.bpf.o");
const many = readFileSync("test/bpf/core-many.bpf.o");
const big = parseObject(readFileSync("test/bpf/big.bpf.o")).programs;
const instructions = Object.values(big)[0]?.instructions ?? new Uint8Array(0);

group("objects", () => {
  bench("parse counter.bpf.o (3 programs)", () => keep(parseObject(counter)));
  bench("parse core-many.bpf.o (60 programs)", () => keep(parseObject(many)));
});

group(`instructions (${instructions.length / 8} of them)`, () => {
  bench("decode", () => keep(decodeInstructions(instructions)));
  const decoded = decodeInstructions(instructions);
  bench("print", () => {
    for (const instruction of decoded) keep(formatInstruction(instruction));
  });
});

group("values by BTF", () => {
  const { btf, maps } = parseObject(counter);
  const type = maps.forks?.valueTypeId ?? 0;
  const view = new DataView(new ArrayBuffer(32));
  const read = compileReader(btf as Btf, type);
  const write = compileWriter(btf as Btf, type);
  bench("read a struct of three members", () => keep(read(view, 0)));
  bench("write it", () => write(view, 0, { count: 1n, parent: 2, comm: "node" }));
});

group("the kernel's BTF", () => {
  const data = readFileSync("/sys/kernel/btf/vmlinux");
  bench("parse", () => keep(Btf.parse(data)));
  const btf = Btf.parse(data);
  bench("find one struct", () => keep(btf.find("task_struct", BtfKind.STRUCT)));
});

await run();
