export { readCoreObject } from "./core-object.ts";
export {
  attachTypeOn,
  checkProgramType,
  debugRecords,
  type MachineSizes,
  mapFields,
  maxEntriesOn,
  prefixOf,
} from "./kernel-fields.ts";
export { LinkError } from "./linker/link-error.ts";
export { type LinkedFile, linkObjects } from "./linker/link-objects.ts";
export { generateLoader } from "./loader-program/generate.ts";
export type { LoaderProgram, LoaderStep, MapHashPlace, SignedData } from "./loader-program/plan.ts";
export { canLookUpTarget, type PlanOptions, type PreparedProgram, planObject } from "./loader-program/plan-object.ts";
export { memberNamed } from "./member.ts";
export { isPerCpuSection, isUntouched, libbpfMapName } from "./new-map.ts";
export { type ParseObjectOptions, parseObject } from "./parse-object.ts";
export {
  type AutoAttach,
  loadFlagsOf,
  parseSectionName,
  SECTION_KINDS,
  type SectionKind,
  type SectionName,
  SectionTrait,
  sectionKind,
  sectionKindOfType,
  suggestSection,
} from "./section-kinds.ts";
export { ARENA_SECTION } from "./sections.ts";
export { type SourcePlace, sourceAt } from "./source-at.ts";
export type {
  ExternSpec,
  FunctionSpec,
  JumpTableSpec,
  LineSpec,
  MapSpec,
  ProgramSpec,
  Relocation,
  StructOpsSpec,
} from "./spec.ts";
export { ObjectSpec } from "./spec.ts";
export { isFunctionPointer } from "./struct-ops.ts";
export { VariableSpec } from "./variable.ts";
