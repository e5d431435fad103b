import type { BpfMap, Variable } from "../map/index.ts";
import { memberNamed, type ObjectSpec } from "../object/index.ts";
import type { Program } from "../program/index.ts";

/** The members of a {@link BpfObject}. The records have no prototype, so each C name can be a key. */
export interface LoadedParts {
  readonly programs: Readonly<Record<string, Program>>;
  readonly maps: Readonly<Record<string, BpfMap>>;
  readonly variables: Readonly<Record<string, Variable>>;
  readonly structOps: Readonly<Record<string, Uint8Array>>;
}

/** A loaded object with its programs, maps and variables by name. Closing the object closes its programs and maps. */
export class BpfObject implements Disposable {
  readonly name: string;
  readonly spec: ObjectSpec;
  /** The programs that were loaded, by name. {@link program} looks up one. */
  readonly programs: Readonly<Record<string, Program>>;
  /** The maps, by name. {@link map} looks up one. */
  readonly maps: Readonly<Record<string, BpfMap>>;
  /** The global variables, by name. {@link variable} looks up one. */
  readonly variables: Readonly<Record<string, Variable>>;
  /**
   * For each struct_ops map, the bytes of its value with the fds of its programs. Writing these bytes to the map
   * registers the struct.
   */
  readonly structOps: Readonly<Record<string, Uint8Array>>;

  constructor(spec: ObjectSpec, parts: LoadedParts) {
    this.name = spec.name;
    this.spec = spec;
    this.programs = parts.programs;
    this.maps = parts.maps;
    this.variables = parts.variables;
    this.structOps = parts.structOps;
  }

  /**
   * Returns the loaded program of this name. If there is none, throws UsageError, which lists the names of the
   * programs.
   */
  program(name: string): Program {
    return memberNamed(`object ${this.name}`, "program", this.programs, name);
  }

  /** Returns the map of this name. If there is none, throws UsageError, which lists the names of the maps. */
  // biome-ignore lint/suspicious/noExplicitAny: only the caller knows what the map's types decode to
  map<K = any, V = any>(name: string): BpfMap<K, V> {
    return memberNamed(`object ${this.name}`, "map", this.maps, name);
  }

  /**
   * Returns the global variable of this name, as the programs see it now. If there is none, throws UsageError, which
   * lists the names of the variables.
   */
  variable(name: string): Variable {
    return memberNamed(`object ${this.name}`, "variable", this.variables, name);
  }

  /**
   * Closes the programs and the maps. A program or map stays in the kernel as long as a pin, a link or another fd holds
   * it.
   */
  close(): void {
    for (const program of Object.values(this.programs)) program.close();
    for (const map of Object.values(this.maps)) map.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
