import assert from "node:assert/strict";
import { test } from "node:test";
import { createMap, openMap } from "../../src/map/index.ts";
import {
  btfGetFdById,
  linkGetFdById,
  mapCreate,
  mapFreeze,
  mapGetFdById,
  mapGetNextId,
  mapInfo,
  mapLookupElem,
  mapUpdateElem,
  perfEventOpen,
  progGetFdById,
  progGetNextId,
  progInfo,
  progLoad,
  progTestRun,
} from "../../src/sys/index.ts";
import { BpfMapType, BpfProgType } from "../../src/uapi/index.ts";
import { owned } from "../support/cleanup.ts";
import { returning } from "../support/programs.ts";

const ARRAY = { map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 };
/** What a 32-bit field would cut to another number. */
function wrapping(good: number): number[] {
  return [2 ** 32 + good, good + 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY];
}

test("a number that does not fit its field is refused, not cut to another object or size", (t) => {
  const map = owned(t, mapCreate(ARRAY));
  const program = owned(t, progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_SOCKET_FILTER, insns: returning(0) }));
  const mapId = mapInfo(map).id;
  const programId = progInfo(program).id;
  const key = new Uint8Array(4);
  const calls: Readonly<Record<string, [number, (number: number) => unknown]>> = {
    "openMap id": [mapId, (id) => openMap({ id }).close()],
    mapGetFdById: [mapId, (id) => mapGetFdById(id)],
    mapGetNextId: [mapId - 1, (id) => mapGetNextId(id)],
    progGetFdById: [programId, (id) => progGetFdById(id)],
    progGetNextId: [programId - 1, (id) => progGetNextId(id)],
    btfGetFdById: [1, (id) => btfGetFdById(id)],
    linkGetFdById: [1, (id) => linkGetFdById(id)],
    open_flags: [0, (open_flags) => mapGetFdById(mapId, { open_flags })],
    max_entries: [1, (max_entries) => mapCreate({ ...ARRAY, max_entries })],
    createMap: [1, (maxEntries) => createMap({ type: "array", key: "u32", value: "u32", maxEntries }).close()],
    map_flags: [0, (map_flags) => mapCreate({ ...ARRAY, map_flags })],
    progInfo: [program, (fd) => progInfo(fd)],
    mapInfo: [map, (fd) => mapInfo(fd)],
    mapFreeze: [map, (fd) => mapFreeze(fd)],
    mapLookupElem: [map, (fd) => mapLookupElem(fd, key, new Uint8Array(4))],
    mapUpdateElem: [map, (fd) => mapUpdateElem(fd, key, new Uint8Array(4))],
    prog_flags: [
      0,
      (prog_flags) => progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: returning(0), prog_flags }),
    ],
    fd_array: [
      map,
      (fd) => progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: returning(0), fd_array: [fd] }),
    ],
    repeat: [1, (repeat) => progTestRun(program, { data_in: new Uint8Array(64), repeat })],
    cpu: [0, (cpu) => progTestRun(program, { data_in: new Uint8Array(64), cpu })],
  };
  for (const [name, [good, call]] of Object.entries(calls)) {
    for (const bad of wrapping(good)) {
      assert.throws(() => call(bad), { code: "USAGE" }, `${name} ${bad}`);
    }
  }
  assert.throws(() => mapUpdateElem(map, key, new Uint8Array(4), 2n ** 64n), { code: "USAGE" });
  assert.throws(() => mapCreate({ ...ARRAY, map_extra: -1n }), { code: "USAGE" });
  assert.throws(() => perfEventOpen({ type: 1, config: 2n ** 64n }), { code: "USAGE" });
  assert.throws(() => perfEventOpen({ type: 1, pid: 2 ** 32 }), { code: "USAGE" });
});

test("the error says which field, which number, and what fits", () => {
  assert.throws(() => mapCreate({ ...ARRAY, max_entries: 2 ** 32 + 1 }), {
    name: "UsageError",
    message: "max_entries: 4294967297 is not a whole number from 0 to 4294967295",
  });
});
