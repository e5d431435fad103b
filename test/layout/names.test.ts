import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/errors/index.ts";
import { hasWildcard, namePattern, nearNames, withArticle } from "../../src/layout/index.ts";
import { assertBounded } from "../support/bounded.ts";

test("patterns: * and ? stand for what they stand for in libbpf", () => {
  const fits: readonly [name: string, pattern: string, fits: boolean][] = [
    ["tcp_connect", "tcp_connect", true],
    ["tcp_connect", "tcp_*", true],
    ["tcp_connect", "*connect", true],
    ["tcp_connect", "t*_*t", true],
    ["tcp_connect", "tcp_connec?", true],
    ["tcp_connect", "tcp_connect?", false],
    ["tcp_connect", "tcp_connect*", true],
    ["tcp_connect", "tcp", false],
    ["tcp_connect", "", false],
    ["", "*", true],
    ["", "?", false],
    ["", "", true],
    ["abcabc", "*abc", true],
    ["aaaa", "**a**a", true],
    ["a.b", "a?b", true],
    ["axb", "a.b", false],
    ["a/b", "a*b", true],
    ["a\u{1f41d}b", "a?b", true],
    ["é", "é", true],
    ["a".repeat(31), "a".repeat(31), true],
    ["a".repeat(32), `${"a".repeat(31)}?`, true],
    ["a".repeat(64), `${"?".repeat(63)}b`, false],
    ["x".repeat(99), `*${"x".repeat(64)}*`, true],
  ];
  for (const [name, pattern, expected] of fits) assert.equal(namePattern(pattern)(name), expected, pattern);
  assert.deepEqual(["a*", "a?", "a"].map(hasWildcard), [true, true, false]);
});

test("patterns of paths: * and ? stop at a slash, ** does not", () => {
  const fits: readonly [path: string, pattern: string, fits: boolean][] = [
    ["a/b/c", "a/*/c", true],
    ["a/b/c", "a/*", false],
    ["a/b/c", "a/**", true],
    ["a/b/c", "**/c", true],
    ["a/b/c", "*", false],
    ["a/b/c", "***", true],
    ["a/b", "a?b", false],
    ["a/b", "a/?", true],
    ["a/b", "a//b", false],
    ["a\nb", "**", true],
  ];
  for (const [path, pattern, expected] of fits) {
    assert.equal(namePattern(pattern, { paths: true })(path), expected, `${pattern} on ${path}`);
  }
});

test("a test keeps nothing of the name before", () => {
  const fits = namePattern("*a*b");
  assert.deepEqual(["xaxb", "b", "ab", "xb"].map(fits), [true, false, true, false]);
});

test("no pattern takes long on any name", () => {
  const long = "a-".repeat(200_000);
  for (const pattern of ["*-*-*-*b", `${"*a".repeat(50)}b`, `*${"a-".repeat(500)}b`, `${"?".repeat(1000)}*b`]) {
    assertBounded(pattern.slice(0, 20), 1000, () => {
      assert.equal(namePattern(pattern)(long), false);
      assert.equal(namePattern(pattern, { paths: true })(long), false);
    });
  }
  assert.throws(() => namePattern("a".repeat(1025)), UsageError);
});

test("names that are like another", () => {
  const names = ["do_unlinkat", "do_unlink", "vfs_unlink", "do_sys_open", "x"];
  assert.deepEqual(nearNames("do_unlinkta", names), ["do_unlinkat", "do_unlink"]);
  assert.deepEqual(nearNames("unlink", names), ["do_unlink", "vfs_unlink", "do_unlinkat"]);
  assert.deepEqual(nearNames("quite_another", names), []);
  assert.deepEqual(nearNames("ab", ["abc", "a", "b", "bc", "xy"]), ["a", "abc", "b"]);
  assert.deepEqual(nearNames("tcp_connect", ["tpc_connect", "xtcp_connec", "tcp_cnnct"]), [
    "tpc_connect",
    "tcp_cnnct",
    "xtcp_connec",
  ]);
  assert.deepEqual(nearNames("prgo", ["prog", "map", "perf"]), ["prog"], "swapped letters are one mistake");
});

test("looking for names that are like another takes no longer for long names", () => {
  assertBounded("looking for near names", 3000, () => {
    assert.deepEqual(nearNames("a".repeat(300_000), ["a".repeat(300_001)]), []);
    assert.equal(nearNames("a".repeat(250), Array(10_000).fill("a".repeat(251))).length, 3);
    assert.equal(nearNames(`${"a".repeat(249)}c`, Array(10_000).fill(`${"a".repeat(249)}b`)).length, 3);
  });
});

test("a name has the article by which it is spoken", () => {
  const an =
    "arena array array_of_maps enum enum64 ext extern fentry fexit freplace inode_storage insn_array int iter object " +
    "lpm_trie lru_hash lsm lwt_in sk_skb sk_storage undefined unspec xdp xskmap";
  const a =
    "cgroup_skb datasec devmap fd flow_dissector func fwd hash kprobe_multi lirc_mode2 perf_event program " +
    "raw_tracepoint ringbuf sched_cls sockmap struct_ops tcx union unix uprobe uretprobe usdt user_ringbuf var";
  for (const name of an.split(" ")) assert.equal(withArticle(name), `an ${name}`);
  for (const name of a.split(" ")) assert.equal(withArticle(name), `a ${name}`);
});
