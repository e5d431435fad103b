import { existsSync, readFileSync } from "node:fs";
import { formatPage, KINDS } from "../../src/explain/index.ts";

/** The folder of programs that are refused. Each file has the name of its code. */
export const REFUSED = "test/bpf/refused";

/** Returns the text of each page of docs/errors, by file. The texts come from the table in src/explain/kinds. */
export function errorPages(): Map<string, string> {
  const kinds = [...KINDS].sort((a, b) => (a.code < b.code ? -1 : 1));
  const pages = kinds.map((kind): [string, string] => {
    const source = `${REFUSED}/${kind.name}.bpf.c`;
    const example = existsSync(source) ? readFileSync(source, "utf8") : undefined;
    return [`docs/errors/${kind.code}.md`, formatPage(kind, example)];
  });
  const rows = kinds.map(
    ({ code, name, title, class: kind }) => `| [${code}](${code}.md) | ${name} | ${title} | ${kind} |`,
  );
  const list = [
    "# Codes of `bpfts explain`\n",
    "A code keeps its meaning for ever. The class says who has to change something.\n",
    "| code | name | what was refused | class |\n| --- | --- | --- | --- |",
    `${rows.join("\n")}\n`,
  ].join("\n");
  return new Map([...pages, ["docs/errors/README.md", list]]);
}
