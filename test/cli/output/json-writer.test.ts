import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatJson, type JsonValue, RawText } from "../../../src/cli/output/json-writer.ts";

test("formatJson writes bpftool's two styles", () => {
  const value = { id: 1, list: [1, 2], objects: [{ a: true }, { b: null }], empty: [], none: {}, left_out: undefined };
  const cases: [JsonValue, string, string][] = [
    [
      value,
      '{"id":1,"list":[1,2],"objects":[{"a":true},{"b":null}],"empty":[],"none":{}}',
      `{
    "id": 1,
    "list": [1,2
    ],
    "objects": [{
            "a": true
        },{
            "b": null
        }
    ],
    "empty": [],
    "none": {}
}`,
    ],
    [[], "[]", "[]"],
    [{}, "{}", "{}"],
    [null, "null", "null"],
    [[{ id: 1 }], '[{"id":1}]', '[{\n        "id": 1\n    }\n]'],
    [18446744073709551615n, "18446744073709551615", "18446744073709551615"],
    [new Set([1, "x"]), '[1,"x"]', '[1,"x"\n]'],
    [Number.NaN, "null", "null"],
    [{ raw: new RawText("0x1f") }, '{"raw":0x1f}', '{\n    "raw": 0x1f\n}'],
  ];
  for (const [given, compact, pretty] of cases) {
    assert.equal(formatJson(given), compact);
    assert.equal(formatJson(given, true), pretty);
  }
});

test("strings are escaped as bpftool does, and what it leaves raw is escaped too", () => {
  assert.equal(formatJson('a"\\\t\n\r\f\b/'), '"a\\"\\\\\\t\\n\\r\\f\\b/"');
  assert.equal(formatJson("\x01\x1f\ud800"), '"\\u0001\\u001f\\ud800"');
});

test("whatever is written can be read again", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (value, pretty) => {
      assert.deepEqual(JSON.parse(formatJson(value as JsonValue, pretty)), JSON.parse(JSON.stringify(value)));
    }),
  );
});
