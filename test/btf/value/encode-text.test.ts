import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Btf, BtfBuilder, compileReader, encodeText, type TextPart, type TypeId } from "../../../src/btf/index.ts";
import { readLooseJson } from "../../../src/btf/value/loose-json.ts";
import { UsageError } from "../../../src/errors/index.ts";
import { int, member } from "../samples.ts";

/** struct flow { u16 port; u8 protocol; enum way way; u64 bytes; char name[4]; u16 ports[3]; struct { bool on; } state; } */
function flow(): { btf: Btf; id: TypeId; port: TypeId; name: TypeId; way: TypeId } {
  const b = new BtfBuilder({ little: true });
  const [u8, u16, u64] = [b.add(int("u8", 1)), b.add(int("u16", 2)), b.add(int("u64", 8))];
  const index = b.add(int("int", 4, { signed: true }));
  const bool = b.add(int("_Bool", 1, { bool: true }));
  const char = b.add(int("char", 1, { signed: true }));
  const values = [
    { name: "WAY_IN", value: 0 },
    { name: "WAY_OUT", value: 1 },
  ];
  const way = b.add({ kind: "enum", name: "way", size: 4, signed: false, values });
  const name = b.add({ kind: "array", name: "", type: char, indexType: index, length: 4 });
  const ports = b.add({ kind: "array", name: "", type: u16, indexType: index, length: 3 });
  const state = b.add({ kind: "struct", name: "state", size: 1, members: [member("on", bool, 0)] });
  const id = b.add({
    kind: "struct",
    name: "flow",
    size: 32,
    members: [
      member("port", u16, 0),
      member("protocol", u8, 16),
      member("way", way, 32),
      member("bytes", u64, 64),
      member("name", name, 128),
      member("ports", ports, 160),
      member("state", state, 208),
    ],
  });
  return { btf: Btf.parse(b.encode()), id, port: u16, name, way };
}

const TYPES = flow();

function flowOf(...parts: (readonly [path: string, text: string])[]): Record<string, unknown> {
  const bytes = encodeText(
    TYPES.btf,
    TYPES.id,
    parts.map(([path, text]) => ({ path, text })),
  );
  assert.equal(bytes.length, 32);
  const read = compileReader(TYPES.btf, TYPES.id, { enums: "names" });
  return read(new DataView(bytes.buffer), 0) as Record<string, unknown>;
}

test("a value is written as JSON, or member by member", () => {
  const nothing = { port: 0, protocol: 0, way: "WAY_IN", bytes: 0n, name: "", ports: [0, 0, 0], state: { on: false } };
  const whole = { ...nothing, port: 9, protocol: 17, way: "WAY_OUT", bytes: 0xffffffffffffffffn, name: "eth" };
  assert.deepEqual(
    flowOf(["", '{"port": 9, "protocol": 0x11, way: WAY_OUT, "bytes": 18446744073709551615, "name": "eth"}']),
    whole,
  );
  assert.deepEqual(
    flowOf(
      [".port", "9"],
      [".protocol", "0x11"],
      [".way", "WAY_OUT"],
      [".bytes", "18446744073709551615"],
      [".name", "eth"],
    ),
    whole,
  );
  assert.deepEqual(flowOf([".ports[2]", "7"], [".state.on", "true"], [".ports[0]", "5"]), {
    ...nothing,
    ports: [5, 0, 7],
    state: { on: true },
  });
  assert.deepEqual(flowOf(["", '{"ports":[1,2],"state":{"on":true},"name":[120,121]}'], [".ports[1]", "8"]), {
    ...nothing,
    ports: [1, 8, 0],
    state: { on: true },
    name: "xy",
  });
  assert.deepEqual(flowOf([".name", "123"], [".ports", "[3]"]), { ...nothing, name: "123", ports: [3, 0, 0] });
  assert.deepEqual(flowOf([".name", '"1\\u0041"']).name, "1A");
});

test("types without members take the text itself", () => {
  const { btf, port, name, way } = TYPES;
  const bytes = (id: TypeId, text: string): number[] => [...encodeText(btf, id, [{ path: "", text }])];
  assert.deepEqual(bytes(port, "258"), [2, 1]);
  assert.deepEqual(bytes(name, "ab"), [97, 98, 0, 0]);
  assert.deepEqual(bytes(way, "WAY_OUT"), [1, 0, 0, 0]);
  assert.deepEqual(bytes(way, "1"), [1, 0, 0, 0]);
});

test("an error names the member, what does not fit, and the members that are like it", () => {
  const cases: (readonly [path: string, text: string, message: string])[] = [
    [".prot", "9", "key: struct flow has no member \"prot\"; did you mean 'port' or 'protocol'?"],
    ["", '{"protocl":1}', "key: struct flow has no member \"protocl\"; did you mean 'protocol'?"],
    [".x", "9", 'key: struct flow has no member "x"; it has port, protocol, way, bytes, name, ports, state'],
    [".state.no", "1", 'key.state: struct state has no member "no"; it has on'],
    [".port", "70000", "key.port: 70000 does not fit into u16"],
    [".port", "nine", 'key.port: u16 needs an integer, not "nine"'],
    [".port.low", "1", "key.port: u16 has no members, so there is no '.low'"],
    [".port[0]", "1", "key.port: u16 has no elements, so there is no [0]"],
    [".ports[3]", "1", "key.ports: u16[3] has no element 3; the last is 2"],
    [".way", "WAY_UOT", "key.way: enum way has no enumerator \"WAY_UOT\"; did you mean 'WAY_OUT'?"],
    [".name", "abcde", 'key.name: "abcde" (5 bytes) does not fit into char[4]'],
    ["", "{port:9", "key: expected ',' or '}' at character 8, got: the end"],
    ["", "{port 9}", "key: expected ':' at character 7, got: '9}'"],
    ["", "{port:9}}", "key: expected nothing more at character 9, got: '}'"],
    ["", '{port:1,"port":2}', "key: expected the member \"port\" only once at character 16, got: '2}'"],
    ["", "7", "key: struct flow needs an object, not 7"],
    [".port:", "7", "key: struct flow has no member \"port:\"; did you mean 'port' or 'ports'?"],
    ["[", "7", "key[: expected '.member' or '[index]' at '['"],
  ];
  for (const [path, text, message] of cases) {
    assert.throws(
      () => encodeText(TYPES.btf, TYPES.id, [{ path, text }], { name: "key" }),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, message);
        return true;
      },
      path + text,
    );
  }
  const twice: TextPart[] = [
    { path: ".port", text: "1" },
    { path: ".port", text: "2" },
  ];
  assert.throws(() => encodeText(TYPES.btf, TYPES.id, twice), /value\.port: this part of the value is given twice/);
});

test("all JSON is read, and any other text gives a value or a UsageError", () => {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value);
      // The word null has no meaning for values of BTF types: it is read as a name.
      if (text.includes("null") || /\d{16}|e[-+]?\d/i.test(text)) return;
      assert.deepEqual(plain(readLooseJson(text, "value")), plain(value));
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\x0129ab. ') }), (text) => {
      try {
        readLooseJson(text, "value");
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
      }
    }),
  );
  assert.throws(() => readLooseJson("[".repeat(1000), "value"), /at most 64 levels/);
  assert.equal(readLooseJson("-0x10", "value"), -16);
  assert.equal(readLooseJson("9007199254740993", "value"), 9007199254740993n);
});
