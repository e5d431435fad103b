// A process of its own: it stays in a network namespace of its own, and each live command that it runs waits for signals.
// The command lines of further-lines/table.ts, run by bpftool and by us on the same objects: the same text, the same JSON,
// the same exit code. Our side runs in this process, which saves the start of Node for each line.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bpftsHere } from "../cli/in-process.ts";
import { bpftool, type Ran, withoutPids } from "../cli/run.ts";
import { needs } from "../support/feature.ts";
import { stage } from "./further-lines/setup.ts";
import { DIFFERENT, LINES } from "./further-lines/table.ts";

/** The options with which the lines of a group are run. What fails is one line in both styles of JSON. */
function stylesOf(group: string): readonly (readonly string[])[] {
  return group.includes("fail") ? [[], ["-j"]] : [[], ["-j"], ["-p"]];
}

/** Listings of the whole machine are compared up to so many times: other tests may load something between two runs. */
const ATTEMPTS = 3;

/** Takes out libbpf's own lines, the kernel's sentence, and the processes, which this bpftool does not show. */
function comparable({ stdout, stderr, code }: Ran): Ran {
  const own = stderr.replace(/^(libbpf: |Kernel error message: ).*\n/gm, "");
  return { stdout: withoutPids(stdout), stderr: own, code };
}

test("further command lines print what bpftool prints", async (t) => {
  if (!needs(t, "tool:bpftool", "link:tcx")) return;
  const names = stage(t);
  for (const [group, lines] of Object.entries(LINES)) {
    await t.test(group, async () => {
      const failures: string[] = [];
      for (const line of lines) {
        for (const style of stylesOf(group)) {
          const words = line
            .replace(/\{([^}]+)\}/g, (_, name: string) => names.get(name) ?? assert.fail(name))
            .split(" ");
          const failure = await difference([...style, ...words], DIFFERENT[line] !== undefined);
          if (failure !== undefined) failures.push(`${[...style, line].join(" ")}\n${failure}`);
        }
      }
      assert.equal(failures.join("\n"), "");
    });
  }
});

/** Returns what differs; undefined if nothing does, or if the line differs on purpose and both sides fail. */
async function difference(words: readonly string[], isMeant: boolean): Promise<string | undefined> {
  let said = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const ours = comparable(await bpftsHere(...words));
    if (words[0]?.startsWith("-") && words[0] !== "-f") JSON.parse(ours.stdout);
    const theirs = comparable(bpftool(...words));
    const isSame = ours.stdout === theirs.stdout && ours.stderr === theirs.stderr && ours.code === theirs.code;
    if (isMeant) return isSame ? "does not differ" : undefined;
    if (isSame) return undefined;
    said = `ours:   ${JSON.stringify(ours).slice(0, 600)}\ntheirs: ${JSON.stringify(theirs).slice(0, 600)}`;
  }
  return said;
}

test("the table has at least 250 command lines, and each difference is documented", () => {
  const all = Object.values(LINES).flat();
  assert.equal(new Set(all).size, all.length, "no line twice");
  const counts = Object.entries(LINES).map(
    ([group, lines]) => lines.filter((line) => DIFFERENT[line] === undefined).length * stylesOf(group).length,
  );
  const count = counts.reduce((sum, one) => sum + one, 0);
  assert.ok(count >= 250, `${count}`);
  const compatibility = readFileSync("docs/compatibility.md", "utf8");
  for (const [line, words] of Object.entries(DIFFERENT)) {
    assert.ok(all.includes(line), `${line} is not in the table`);
    assert.ok(compatibility.includes(words), `${line}: '${words}' is not documented`);
  }
});
