import { Errno, errnoName, NotSupportedError, SyscallError } from "../errors/index.ts";
import { causeText, commandOf, diagnosisOf } from "../explain/index.ts";
import { fdInfo, kernelAtLeast } from "../sys/index.ts";
import { BpfMapType, mapTypeName } from "../uapi/index.ts";
import { type MapTraits, mapTraits } from "./map-type-traits.ts";

/**
 * The operation that failed. `take` looks up an element and deletes it; `list` walks over the elements; `map` maps the
 * memory of a BPF map into the process.
 */
export type MapOperation = "read" | "write" | "delete" | "take" | "list" | "freeze" | "map";

/** The map on which a call failed. */
export interface RefusingMap {
  readonly what: string;
  readonly fd: number;
  readonly type: number;
  readonly maxEntries: number;
}

/** Turns the errno of a failed call on a map into an error that explains what the errno means for this map. */
export function explainMapError(error: unknown, map: RefusingMap, operation: MapOperation): unknown {
  if (!(error instanceof SyscallError)) return error;
  if (operation === "take" && isHash(map.type) && !kernelAtLeast(5, 14) && isRefusal(error.errno)) {
    const detail = `${map.what} has type ${typeName(map.type)}`;
    return new NotSupportedError(
      { feature: "looking up and deleting an element of a hash in one step", minVersion: "5.14", detail },
      { cause: error },
    );
  }
  const hint = hintFor(error.errno, map, operation) ?? error.hint;
  const { call, errno } = error;
  return new SyscallError(
    { call, errno, subject: map.what, hint },
    { cause: error, diagnose: () => diagnose(error, map.what, hint) },
  );
}

/**
 * Returns the diagnosis for a refusal. Returns undefined if this file adds no reason to the refusal: then the diagnosis
 * of the original error is used.
 */
function diagnose({ errno, call, hint: known }: SyscallError, what: string, reason: string | undefined) {
  if (reason === undefined || reason === known) return undefined;
  const facts = { subject: what, reason, command: commandOf(call), errno: errnoName(errno) };
  return diagnosisOf(errno === Errno.EPERM ? "object-access" : "map-operation", facts);
}

function isRefusal(errno: number): boolean {
  return errno === Errno.EINVAL || errno === Errno.ENOTSUPP || errno === Errno.EOPNOTSUPP;
}

function isHash(type: number): boolean {
  const traits = mapTraits(type);
  return traits.key === "typed" && traits.value === "typed";
}

function typeName(type: number): string {
  return mapTypeName(type) ?? `map of type ${type}`;
}

function hintFor(errno: number, map: RefusingMap, operation: MapOperation): string | undefined {
  const traits = mapTraits(map.type);
  switch (errno) {
    case Errno.EPERM:
      return accessHint(map.fd, operation);
    case Errno.E2BIG:
      if (traits.key === "index") return causeText("indexRange", { last: map.maxEntries - 1 });
      return causeText("mapFull", { max_entries: map.maxEntries });
    case Errno.ENOSPC:
      if (traits.value === "socket") return causeText("socketCookie");
      return causeText("mapFull", { max_entries: map.maxEntries });
    case Errno.EEXIST:
      if (operation === "map")
        return "the arena must be mapped at a fixed address, where this process has mapped something else";
      return traits.key === "index" ? causeText("arrayElementsExist") : causeText("keyExists");
    case Errno.ENOENT:
      return operation === "write" ? causeText("nothingToReplace") : undefined;
    case Errno.EBADF:
      if (operation === "map" || operation === "freeze" || operation === "list") return undefined;
      return causeText("badFdInElement");
    case Errno.EBUSY:
      if (operation === "freeze") {
        return accessHint(map.fd, operation) ?? causeText("mappedForWriting");
      }
      return causeText("elementBusy");
    case Errno.ENOTSUPP:
    case Errno.EOPNOTSUPP:
      return refusedHint(map, operation, traits);
    case Errno.EINVAL:
      return invalidHint(map, operation, traits);
    default:
      return undefined;
  }
}

/**
 * Adds an explanation to a refusal if the map is frozen, or if its fd was opened only for reading or only for writing.
 * Returns other errors unchanged.
 */
export function explainAccess(error: unknown, fd: number, operation: MapOperation): unknown {
  if (!(error instanceof SyscallError)) return error;
  // Before 6.5 the kernel answers EBUSY if a frozen map is frozen again.
  const isRefusal = error.errno === Errno.EPERM || (error.errno === Errno.EBUSY && operation === "freeze");
  if (!isRefusal) return error;
  const hint = accessHint(fd, operation);
  if (hint === undefined) return error;
  const { call, errno, subject } = error;
  return new SyscallError(
    { call, errno, subject, hint },
    { cause: error, diagnose: () => diagnose(error, subject ?? "this map", hint) },
  );
}

/** O_ACCMODE: the bits of the access mode in an fd's flags. fdinfo shows the flags in octal. */
const ACCESS_MODE = 3;
const READ_ONLY = 0;
const WRITE_ONLY = 1;

/**
 * Returns why the kernel returned EPERM: the map is frozen, or its fd was opened only for reading or only for writing.
 * Returns undefined if neither is true; then a capability is missing.
 */
function accessHint(fd: number, operation: MapOperation): string | undefined {
  const info = fdInfo(fd);
  const changes = operation === "write" || operation === "delete" || operation === "take" || operation === "freeze";
  if (changes && info.get("frozen") === "1") return causeText("frozen");
  const mode = Number.parseInt(info.get("flags") ?? "2", 8) & ACCESS_MODE;
  if (changes && mode === READ_ONLY) return causeText("readOnlyMap");
  if ((!changes || operation === "take") && mode === WRITE_ONLY) return causeText("writeOnlyMap");
  return undefined;
}

const VERBS: Readonly<Record<MapOperation, string>> = {
  read: "cannot be read",
  write: "cannot be written",
  delete: "cannot be deleted",
  take: "cannot be looked up and deleted in one step",
  list: "cannot be listed",
  freeze: "cannot be frozen",
  map: "cannot be mapped",
};

function refusedHint(map: RefusingMap, operation: MapOperation, traits: MapTraits): string {
  if (operation === "write" && traits.value === "socket") {
    return "the map does not accept sockets of this kind or in this state (TCP sockets must be established or listening)";
  }
  return `elements of ${typeName(map.type)} maps ${VERBS[operation]} by a system call`;
}

function invalidHint(map: RefusingMap, operation: MapOperation, traits: MapTraits): string | undefined {
  if (operation === "delete" && traits.key === "index") return causeText("arrayDelete");
  if (operation === "take") return `elements of ${typeName(map.type)} maps ${VERBS.take}`;
  if (operation !== "write") return undefined;
  switch (map.type) {
    case BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS:
      return causeText("innerMapDiffers");
    case BpfMapType.BPF_MAP_TYPE_PROG_ARRAY:
      return causeText("progArrayDiffers");
    case BpfMapType.BPF_MAP_TYPE_DEVMAP:
    case BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH:
      return causeText("deviceUnfit");
    case BpfMapType.BPF_MAP_TYPE_LPM_TRIE:
      return causeText("prefixTooLong");
    default:
      return undefined;
  }
}
