// Reads the imports of source files, and finds circles of imports.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** Returns the paths of all TypeScript files below a folder. The paths begin with `folder`. */
export function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/**
 * Returns what a file imports, including imports of types, `import(…)` and `require(…)`. The patterns rely on the
 * formatter, which puts each statement at the beginning of a line.
 */
export function importsOf(file) {
  const text = readFileSync(file, "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
  const statements = text.matchAll(
    /^(?:import|export|\}).*?\bfrom "([^"]+)"|^import "([^"]+)"|\b(?:import|require)\("([^"]+)"\)/gm,
  );
  return Array.from(statements, ([, from, alone, later]) => from ?? alone ?? later);
}

/** Returns the path of the file that a relative import names, such as `src/btf/index.ts`; undefined for a package. */
export function importedFile(file, specifier) {
  return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined;
}

/**
 * Returns the strongly connected components of a graph that have two nodes or more, by Tarjan's algorithm. `edges` maps
 * a node to the nodes after it.
 */
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
