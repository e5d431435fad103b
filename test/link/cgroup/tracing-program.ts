import type { TestContext } from "node:test";
import { add, assemble, exit, ldMapValue, ldx, mov, mul, r0, r1, r2, stx } from "../../../src/asm/index.ts";
import { Program } from "../../../src/program/index.ts";
import { mapCreate, mapLookupElem, mapUpdateElem, OwnedFd, progLoad } from "../../../src/sys/index.ts";
import { BpfAttachType, BpfMapType, BpfProgType } from "../../../src/uapi/index.ts";
import { CgroupProcess } from "../../support/cgroup.ts";
import { owned } from "../../support/cleanup.ts";

/** Programs on the creation of sockets that write down in which order they run. */
export class Tracer {
  readonly #t: TestContext;
  readonly #map: number;
  readonly #process: CgroupProcess;
  readonly #digits = new Map<number, number>();

  constructor(t: TestContext) {
    this.#t = t;
    this.#process = new CgroupProcess(t);
    const map = { map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 8, max_entries: 1 };
    this.#map = owned(t, mapCreate(map));
  }

  /** A program that appends a digit to the trace. */
  program(digit: number): Program {
    const insns = assemble([
      ldMapValue(r1, this.#map, 0),
      ldx("u64", r2, r1, 0),
      mul(r2, 10),
      add(r2, digit),
      stx("u64", r1, r2, 0),
      mov(r0, 1),
      exit(),
    ]);
    const attachType = BpfAttachType.BPF_CGROUP_INET_SOCK_CREATE;
    const prog_type = BpfProgType.BPF_PROG_TYPE_CGROUP_SOCK;
    const fd = progLoad({ prog_type, insns, expected_attach_type: attachType, prog_name: `trace${digit}` });
    const program = new Program(new OwnedFd(fd, `program trace${digit}`), { attachType });
    this.#t.after(() => program.close());
    this.#digits.set(program.id, digit);
    return program;
  }

  /** Which programs ran, in their order, when a process in the cgroup made one socket: `321`. */
  async run(cgroup: string): Promise<string> {
    const key = new Uint8Array(4);
    const value = new Uint8Array(8);
    mapUpdateElem(this.#map, key, value);
    await this.#process.act(cgroup, "socket");
    mapLookupElem(this.#map, key, value);
    const trace = new DataView(value.buffer).getBigUint64(0, true);
    return trace === 0n ? "" : String(trace);
  }

  /** Ids as the same text. */
  digits(ids: readonly number[]): string {
    return ids.map((id) => this.#digits.get(id) ?? "?").join("");
  }
}
