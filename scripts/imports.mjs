// The imports of the sources: which file imports what, and where they make circles.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** All TypeScript files below a folder, by path from where the process stands. */
export function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/** What a file imports: of types, too, and later by `import(…)` and `require(…)`. The formatter puts every statement at a line's start. */
export function importsOf(file) {
  const text = readFileSync(file, "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
  const statements = text.matchAll(
    /^(?:import|export|\}).*?\bfrom "([^"]+)"|^import "([^"]+)"|\b(?:import|require)\("([^"]+)"\)/gm,
  );
  return Array.from(statements, ([, from, alone, later]) => from ?? alone ?? later);
}

/** The file that a relative import names, such as `src/btf/index.ts`; undefined for a package. */
export function importedFile(file, specifier) {
  return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined;
}

/** Groups of nodes of which each reaches each other: Tarjan's strongly connected components with two nodes or more. */
export function circles(edges) {
  const order = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  const visit = (node) => {
    order.set(node, order.size);
    low.set(node, order.get(node));
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== order.get(node)) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1) found.push(group.sort());
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return found;
}
