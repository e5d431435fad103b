import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const page = readFileSync("ARCHITECTURE.md", "utf8");
let folder = "src/errors";

test("ARCHITECTURE.md lists the rooms in the order of scripts/rooms.json, with their purity", () => {
  const rooms = JSON.parse(readFileSync("scripts/rooms.json", "utf8")) as { name: string; pure: boolean }[];
  const listed = [...page.matchAll(/^\| `(\w+)` \| .* \| (yes|no) \|$/gm)].map(([, name, pure]) => `${name} ${pure}`);
  assert.deepEqual(
    listed,
    rooms.map(({ name, pure }) => `${name} ${pure ? "yes" : "no"}`),
  );
});

test("every file and folder that ARCHITECTURE.md names is there", () => {
  const missing: string[] = [];
  for (const line of page.split("\n")) {
    const room = /^\| `(\w+)` \|/.exec(line)?.[1];
    for (const [, name = ""] of line.matchAll(/`([\w./-]+(?:\.(?:ts|mjs|sh|json)|\/))`/g)) {
      if (!places(name, room).some((path) => existsSync(path))) missing.push(name);
    }
  }
  assert.deepEqual(missing, []);
});

/** Where a name of the page lies: where it says, in the room of its line, or in the last folder that was named. */
function places(name: string, room: string | undefined): string[] {
  if (!name.includes("/")) return [room === undefined ? join(folder, name) : join("src", room, name)];
  if (room !== undefined) return [join("src", room, name)];
  folder = name.endsWith("/") ? name : dirname(name);
  return [name];
}
