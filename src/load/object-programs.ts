import { SyscallError } from "../errors/index.ts";
import type { Undo } from "../kernel/index.ts";
import type { ProgramSpec } from "../object/index.ts";
import type { Program } from "../program/index.ts";
import { progBindMap } from "../sys/index.ts";
import type { LoadOptions } from "./load-options.ts";
import type { ObjectMaps } from "./object-maps.ts";
import { programText } from "./step-texts.ts";

/** The programs of an object during the load. If a later step fails, the programs are closed. */
export class ObjectPrograms {
  /** The programs by name. The record has no prototype, so each C name can be a key. */
  readonly byName: Record<string, Program> = Object.create(null);
  readonly #maps: ObjectMaps;
  readonly #options: LoadOptions;
  readonly #undo: Undo;

  constructor(maps: ObjectMaps, options: LoadOptions, undo: Undo) {
    this.#maps = maps;
    this.#options = options;
    this.#undo = undo;
  }

  /** Adds a program that the kernel has loaded. */
  add(spec: ProgramSpec, program: Program): void {
    this.#undo.add(() => program.close());
    this.byName[spec.name] = program;
    this.#options.onStep?.(`program ${spec.name}: ${programText(spec)}, loaded with fd ${program.fd}`);
    this.#maps.each((map, { source, frozen }) => {
      if (source === "data" && frozen) bindMap(program.fd, map.fd);
    });
  }
}

/** Binds a map to a program, so that `prog show` finds the metadata in .rodata. Kernels before 5.10 refuse this. */
function bindMap(program: number, map: number): void {
  try {
    progBindMap(program, map);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}
