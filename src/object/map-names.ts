import type { FormatError } from "../errors/index.ts";
import type { MapSpec } from "./spec.ts";

/** The maps of an object by name, each name once. */
export class MapNames {
  readonly all: Record<string, MapSpec> = Object.create(null);

  /** Adds a map; `fail` makes the error for a name that is taken. */
  add(map: MapSpec, fail: (problem: string) => FormatError): void {
    if (this.has(map.name)) throw fail(`there are two maps ${map.name}`);
    this.all[map.name] = map;
  }

  has(name: string): boolean {
    return this.all[name] !== undefined;
  }
}
