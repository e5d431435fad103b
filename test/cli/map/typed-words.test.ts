// Keys and values that are written by their BTF types.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadObject } from "../../../src/load/index.ts";
import { mapCreate, mapInfo } from "../../../src/sys/index.ts";
import { BpfMapType } from "../../../src/uapi/index.ts";
import { owned } from "../../support/cleanup.ts";
import { bpfts } from "../run.ts";

/** Runs a command of `map` that must succeed, and returns its JSON. */
function run(...words: string[]): unknown {
  const { stdout, stderr, code } = bpfts("-j", "map", ...words);
  assert.deepEqual([stderr, code], ["", 0], `${words.join(" ")}: ${stdout}`);
  return JSON.parse(stdout);
}

function failure(...words: string[]): string {
  const { stderr, code } = bpfts("map", ...words);
  assert.notEqual(code, 0, words.join(" "));
  return stderr.replace(/^Error: /, "").trimEnd();
}

test("update, lookup, getnext and delete take keys and values by their types", (t) => {
  const object = loadObject("test/bpf/counter.bpf.o");
  t.after(() => object.close());
  const id = `${object.map("counts").id}`;
  const lookUp = (...key: string[]): unknown => (run("lookup", "id", id, ...key) as { formatted: unknown }).formatted;

  run("update", "id", id, "key", '{"port":9,"protocol":17}', "value", '{"packets":1,"bytes":18446744073709551615}');
  assert.deepEqual(lookUp("key", "{port:9, protocol:0x11}"), lookUp("key.port=9", "key.protocol=17"));
  const shown = bpfts("map", "lookup", "id", id, "key.port=9", "key.protocol=17").stdout;
  assert.match(shown, /"port": 9\n[\s\S]*"packets": 1,\s+"bytes": 18446744073709551615/);
  run("update", "id", id, "key.port=10", "value.packets=2", "value.bytes=0x10", "noexist");
  assert.match(failure("update", "id", id, "key", "{}", "value", "{}", "exist"), /^update failed/);
  // A key that is not in the map is followed by the first key. Which of two keys is the last differs from map to map.
  assert.match(JSON.stringify(run("getnext", "id", id, "key.port=11")), /next_key/);
  // The bytes of a key and a typed value may stand side by side.
  const size = object.map("counts").info().key_size;
  run("update", "id", id, "key", ...Array.from({ length: size }, () => "1"), "value.packets=3");
  run("delete", "id", id, "key.port=10");
  assert.equal(bpfts("map", "lookup", "id", id, "key.port=10").code, 254);

  assert.match(
    failure("lookup", "id", id, "key.prot=9"),
    /^key: struct flow has no member "prot"; did you mean .*'port'/,
  );
  assert.match(
    failure("lookup", "id", id, "key", '{"protocl":1}'),
    /has no member "protocl"; did you mean 'protocol'\?$/,
  );
  assert.match(failure("lookup", "id", id, "key.port=70000"), /^key\.port: 70000 does not fit into \w+$/);
  assert.match(failure("lookup", "id", id, "key", '{"port":'), /^key: expected a value at character 9, got: the end$/);
  assert.equal(
    failure("lookup", "id", id, "key.port=1", "key.port=2"),
    "key.port: this part of the value is given twice",
  );
  assert.equal(failure("lookup", "id", id, "key.port=1", "value.packets=2"), "unnecessary value");
  assert.equal(failure("lookup", "id", id, "key", "{}", "key", "1", "0", "0", "0"), "duplicate key");
  assert.equal(failure("update", "id", id, "key.port=1"), "did not find value");
});

test("a map without BTF says that its keys are bytes", (t) => {
  const hash = {
    map_type: BpfMapType.BPF_MAP_TYPE_HASH,
    key_size: 4,
    value_size: 8,
    max_entries: 2,
    map_name: "plain",
  };
  const { id } = mapInfo(owned(t, mapCreate(hash)));
  assert.equal(
    failure("lookup", "id", `${id}`, "key=9"),
    "map plain has no BTF type for its key; write the 4 bytes, for example: key 0 0 0 0",
  );
});
