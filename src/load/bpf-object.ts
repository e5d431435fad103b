import type { BpfMap, Variable } from "../map/index.ts";
import { memberNamed, type ObjectSpec } from "../object/index.ts";
import type { Program } from "../program/index.ts";

/** The members of a {@link BpfObject}. The records have no prototype, so any C name is a safe key. */
export interface LoadedParts {
  readonly programs: Readonly<Record<string, Program>>;
  readonly maps: Readonly<Record<string, BpfMap>>;
  readonly variables: Readonly<Record<string, Variable>>;
  readonly structOps: Readonly<Record<string, Uint8Array>>;
}

/** A loaded object: its programs, maps and variables by name. Closing it closes all of them. */
export class BpfObject implements Disposable {
  readonly name: string;
  readonly spec: ObjectSpec;
  /** The programs that were loaded, by name; see {@link program}. */
  readonly programs: Readonly<Record<string, Program>>;
  /** The maps, by name; see {@link map}. */
  readonly maps: Readonly<Record<string, BpfMap>>;
  /** The global variables, by name; see {@link variable}. */
  readonly variables: Readonly<Record<string, Variable>>;
  /** For each struct_ops map: the value to write to register it, with the fds of its programs. */
  readonly structOps: Readonly<Record<string, Uint8Array>>;

  constructor(spec: ObjectSpec, parts: LoadedParts) {
    this.name = spec.name;
    this.spec = spec;
    this.programs = parts.programs;
    this.maps = parts.maps;
    this.variables = parts.variables;
    this.structOps = parts.structOps;
  }

  /** Returns the loaded program of this name. Throws UsageError with the names there are. */
  program(name: string): Program {
    return memberNamed(`object ${this.name}`, "program", this.programs, name);
  }

  /** Returns the map of this name. Throws UsageError with the names there are. */
  // biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the map's types decode to
  map<K = any, V = any>(name: string): BpfMap<K, V> {
    return memberNamed(`object ${this.name}`, "map", this.maps, name);
  }

  /**
   * Returns the global variable of this name, as the programs see it now. Throws UsageError with the names there are.
   */
  variable(name: string): Variable {
    return memberNamed(`object ${this.name}`, "variable", this.variables, name);
  }

  /** Closes the programs and the maps. Pins, links and other holders keep what they hold. */
  close(): void {
    for (const program of Object.values(this.programs)) program.close();
    for (const map of Object.values(this.maps)) map.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
