import { acceptedBtf, kernelHas, type Undo } from "../kernel/index.ts";
import type { BpfMap } from "../map/index.ts";
import { generateLoader, ObjectSpec } from "../object/index.ts";
import { duplicateFd, OwnedFd } from "../sys/index.ts";
import { mapsToCreate } from "./create-map.ts";
import { programOf } from "./load-program.ts";
import { planLoad } from "./loader-plan.ts";
import type { ObjectMaps } from "./object-maps.ts";
import type { ObjectPrograms } from "./object-programs.ts";
import { coreRelocator, type PreparedLoad } from "./prepare-load.ts";
import { type ResolvedExterns, resolveExterns } from "./resolve-externs.ts";
import { mapHashPlace, runLoader } from "./run-loader.ts";
import { LoaderSignature, sha256 } from "./sign/loader-signature.ts";
import { describeStep } from "./step-texts.ts";

/**
 * Creates the maps and loads the programs through a loader program, which runs in the kernel (see {@link
 * generateLoader}).
 */
export function loadByLoader(
  load: PreparedLoad,
  objectMaps: ObjectMaps,
  objectPrograms: ObjectPrograms,
  undo: Undo,
): void {
  const { spec, options, programs, kernel } = load;
  const maps = mapsToCreate(spec.maps);
  const kernelRelocates = options.kernelBtf === undefined && kernelHas("prog:loader_core");
  const existing = new Map<number, BpfMap>();
  for (const [i, map] of maps.entries()) {
    const found = objectMaps.existing(map);
    if (found !== undefined) existing.set(i, found);
  }
  const plan = planLoad(load, {
    maps,
    isGiven: (map) => existing.has(maps.indexOf(map)),
    btf: load.btf === undefined ? undefined : acceptedBtf(load.btf),
    externs: ownExterns(load),
    core: kernelRelocates ? undefined : coreRelocator(load),
  });
  const { sign } = options;
  const loader = generateLoader(plan, sign === undefined ? undefined : { place: mapHashPlace(kernel), hash: sha256 });
  const signature = sign === undefined ? undefined : new LoaderSignature(loader.instructions, sign);
  const { instructions, data, steps } = loader;
  options.onStep?.(`loader program: ${instructions.length / 8} instructions, ${data.length} bytes of data`);

  const given = new Map([...existing].map(([i, map]) => [i, duplicateFd(map.fd)]));
  const describe = (step: number): string => describeStep(loader, step, maps, programs);
  const made = runLoader(loader, given, describe, signature);

  const mapFds = made.maps.map((fd, i) => new OwnedFd(fd, `map ${maps[i]?.name}`));
  const programFds = made.programs.map((fd, i) => new OwnedFd(fd, `program ${programs[i]?.name}`));
  undo.add(() => {
    for (const fd of [...mapFds, ...programFds]) fd.close();
  });
  for (const step of steps.keys()) options.onStep?.(`loader program: ${describe(step)}: done`);
  for (const [i, map] of maps.entries()) {
    const fd = mapFds[i] as OwnedFd;
    const found = existing.get(i);
    if (found === undefined) objectMaps.adopt(map, fd);
    else {
      fd.close();
      objectMaps.keep(map, found);
    }
  }
  for (const [i, program] of programs.entries()) {
    objectPrograms.add(program, programOf(program, programFds[i] as OwnedFd, objectMaps.byName));
  }
}

/** Resolves only kconfig values and constants. The loader program itself looks up the kernel's symbols. */
function ownExterns({ spec, kernel, usedExterns, options }: PreparedLoad): ResolvedExterns {
  const own = Object.entries(spec.externs).filter(
    ([, { source }]) => source.kind === "kconfig" || source.kind === "constant",
  );
  const externs = Object.assign(Object.create(null), Object.fromEntries(own));
  return resolveExterns(new ObjectSpec({ ...spec, externs }), kernel, usedExterns, options);
}
