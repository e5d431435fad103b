import type { TestContext } from "node:test";
import { type AssemblyItem, assemble, atomic, exit, ldMapValue, mov, r0, r1, r2, r6 } from "../../src/asm/index.ts";
import { Program } from "../../src/program/index.ts";
import { mapCreate, mapLookupElem, OwnedFd, type ProgLoadOptions, progLoad } from "../../src/sys/index.ts";
import { BpfMapType } from "../../src/uapi/index.ts";
import { owned } from "./cleanup.ts";

/** A program that counts its runs. */
export interface Counting {
  readonly program: Program;
  /** Returns how often the program ran. */
  count(): bigint;
}

/** How to load the counting program. */
export interface CountingOptions extends Omit<ProgLoadOptions, "insns"> {
  /** The program's return value. Default: 0. */
  readonly result?: number | undefined;
  /** Instructions to run after the counting. They set r0, so `result` is not used. The context is in r6. */
  readonly rest?: readonly AssemblyItem[] | undefined;
}

/** Loads a program that adds 1 to a counter and returns `result`. It is closed after the test. */
export function counting(t: Pick<TestContext, "after">, options: CountingOptions): Counting {
  const { result = 0, rest, ...load } = options;
  const map = owned(
    t,
    mapCreate({ map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 8, max_entries: 1 }),
  );
  const insns = assemble([
    mov(r6, r1),
    ldMapValue(r1, map, 0),
    mov(r2, 1),
    atomic("add", "u64", r1, r2, 0),
    ...(rest ?? [mov(r0, result)]),
    exit(),
  ]);
  const program = new Program(new OwnedFd(progLoad({ prog_name: "counting", ...load, insns }), "program counting"), {
    attachType: load.expected_attach_type,
  });
  t.after(() => program.close());
  const key = new Uint8Array(4);
  const value = new Uint8Array(8);
  return {
    program,
    count: () => {
      mapLookupElem(map, key, value);
      return new DataView(value.buffer).getBigUint64(0, true);
    },
  };
}
