import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { Attachment, attachStructOps, updateStructOps } from "../../../src/link/index.ts";
import { autoAttach, type BpfObject, loadObject, readObject } from "../../../src/load/index.ts";
import type { BpfMap } from "../../../src/map/index.ts";
import { needs } from "../../support/feature.ts";
import { linkConformance, recordConformance } from "../conformance.ts";

// On some kernels a mistake here locks struct_ops until the machine is rebooted: these tests run in VMs only.

const AVAILABLE = "/proc/sys/net/ipv4/tcp_available_congestion_control";
const CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control";

/** Loads only some of the maps, with their programs. */
function load(t: TestContext, ...names: string[]): BpfObject {
  const spec = readObject("test/bpf/links-struct-ops.bpf.o");
  for (const map of Object.values(spec.maps))
    if (map.structOps !== undefined) map.autocreate = names.includes(map.name);
  const object = loadObject(spec);
  t.after(() => object.close());
  return object;
}

function isRegistered(name: string): boolean {
  return readFileSync(AVAILABLE, "utf8").trim().split(" ").includes(name);
}

/** A connection on the loopback whose ends use a congestion control. */
async function talk(name: string): Promise<void> {
  const before = readFileSync(CONTROL, "utf8").trim();
  if (!isRegistered(name)) return;
  writeFileSync(CONTROL, name);
  try {
    const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const client = connect(port, "127.0.0.1").resume();
    await once(client, "close");
    await new Promise((resolve) => server.close(resolve));
  } finally {
    writeFileSync(CONTROL, before);
  }
}

function runs(object: BpfObject, name: string): bigint {
  return object.variables[name]?.value as bigint;
}

test("a struct_ops link: registered, updated to another map, and never to its own", async (t) => {
  if (!needs(t, "machine:vm", "link:struct_ops")) return;
  const object = load(t, "first", "second");
  const { first, second } = object.maps;
  assert.ok(first && second);
  // A map is written before it is linked; once written it may be linked again.
  attachStructOps(object, "second").close();
  await linkConformance<BpfMap>(t, {
    kind: "struct_ops",
    first: { program: first, count: () => runs(object, "first_runs") },
    second: { program: second, count: () => runs(object, "second_runs") },
    attach: () => attachStructOps(object, "first"),
    fire: () => talk("bpfts_link"),
    check: (info) => assert.ok(info.kind === "struct_ops" && info.mapId === first.id),
  });
  using link = attachStructOps(object, "first");
  assert.throws(() => link.update(first), /already has map first, and an update to the same map can crash the kernel/);
  assert.throws(() => updateStructOps(link, object, "first"), /already has map first, and an update/);
  assert.throws(
    () => attachStructOps(object, "second"),
    /another struct_ops map with the same name is registered|EEXIST/,
  );
  updateStructOps(link, object, "second", { old: first });
  const info = link.info();
  assert.ok(info.kind === "struct_ops" && info.mapId === second.id);
  assert.throws(
    () => updateStructOps(link, object, "nope"),
    /has no struct_ops map nope; its struct_ops maps are: first, second/,
  );
});

test("struct_ops by map update, without a link", async (t) => {
  if (!needs(t, "machine:vm")) return;
  const object = load(t, "plain");
  for (let round = 0; round < 2; round++) {
    const fresh = round === 0 ? object : load(t, "plain");
    const attachment = attachStructOps(fresh, "plain");
    assert.ok(attachment instanceof Attachment);
    assert.ok(isRegistered("bpfts_plain"));
    await talk("bpfts_plain");
    assert.ok(runs(fresh, "plain_runs") > 0n);
    assert.throws(() => attachment.pin("/sys/fs/bpf/x"), { code: "NOT_SUPPORTED" });
    assert.throws(
      () => attachStructOps(load(t, "plain"), "plain"),
      /map plain cannot be registered: another struct_ops map with the same name/,
    );
    attachment.close();
    assert.equal(isRegistered("bpfts_plain"), false);
  }
  recordConformance(t.name, "attachment");
});

test("autoAttach registers struct_ops maps, and lists their callbacks as left", async (t) => {
  if (!needs(t, "machine:vm")) return;
  const object = load(t, "plain");
  const attached = autoAttach(object);
  try {
    assert.deepEqual(Object.keys(attached.links), ["plain"]);
    assert.ok(attached.left.every(({ reason }) => reason === "the program is a callback of a struct_ops map"));
    assert.ok(isRegistered("bpfts_plain"));
  } finally {
    attached.close();
  }
  assert.equal(isRegistered("bpfts_plain"), false);
});
