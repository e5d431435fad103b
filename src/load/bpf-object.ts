import type { BpfMap, Variable } from "../map/index.ts";
import type { ObjectSpec } from "../object/index.ts";
import type { Program } from "../program/index.ts";

/** A loaded object: its programs, maps and variables by name. Closing it closes all of them. */
export class BpfObject implements Disposable {
  readonly name: string;
  readonly spec: ObjectSpec;
  readonly programs: Readonly<Record<string, Program>>;
  readonly maps: Readonly<Record<string, BpfMap>>;
  /** The global variables, as the programs see them now. */
  readonly variables: Readonly<Record<string, Variable>>;
  /** For each struct_ops map the value to register it with, its programs' fds included. */
  readonly structOps: Readonly<Record<string, Uint8Array>>;

  constructor(
    spec: ObjectSpec,
    parts: {
      programs: Readonly<Record<string, Program>>;
      maps: Readonly<Record<string, BpfMap>>;
      variables: Readonly<Record<string, Variable>>;
      structOps: Readonly<Record<string, Uint8Array>>;
    },
  ) {
    this.name = spec.name;
    this.spec = spec;
    this.programs = parts.programs;
    this.maps = parts.maps;
    this.variables = parts.variables;
    this.structOps = parts.structOps;
  }

  /** Closes programs and maps. Pins, links and other holders keep what they hold. */
  close(): void {
    for (const program of Object.values(this.programs)) program.close();
    for (const map of Object.values(this.maps)) map.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
