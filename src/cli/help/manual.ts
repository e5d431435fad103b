import type { ObjectEntry } from "../command/command.ts";
import { hanging, sentence, wrap } from "./layout.ts";
import { type commandTopic, objectTopic, optionPairs, optionsOf, type Pair } from "./topic.ts";

/** A piece of a manual page. */
export type Block =
  | { readonly kind: "heading" | "paragraph"; readonly text: string }
  /** Lines that are shown as they are. */
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  | { readonly kind: "item"; readonly term: string; readonly text: string };

/** A manual page, from which roff and plain text are made. */
export interface ManualPage {
  /** The name of the page, such as `bpfts` or `bpfts-prog`. */
  readonly name: string;
  readonly sections: readonly { readonly title: string; readonly blocks: readonly Block[] }[];
}

/** Returns the objects that have a manual page of their own. */
export function objectsWithPage(table: readonly ObjectEntry[]): ObjectEntry[] {
  return table.filter(({ name }) => name !== "help" && name !== "version");
}

/** Returns all pages: bpfts(1), and one for each object. */
export function manualPages(table: readonly ObjectEntry[]): ManualPage[] {
  return [generalPage(table), ...objectsWithPage(table).map((object) => objectPage(object, table))];
}

const EXIT_STATUS: readonly Block[] = [
  {
    kind: "paragraph",
    text: "0 on success. On failure, the exit code is the same as that of bpftool, which is 255 in most cases.",
  },
];

/** Returns the manual page bpfts(1). */
export function generalPage(table: readonly ObjectEntry[]): ManualPage {
  const objects = table.filter(({ name }) => name !== "help");
  return page("bpfts", [
    ["NAME", [{ kind: "paragraph", text: "bpfts - show and change eBPF programs, maps and links" }]],
    ["SYNOPSIS", [{ kind: "lines", lines: ["bpfts [OPTIONS] OBJECT { COMMAND | help }", "bpfts version"] }]],
    [
      "DESCRIPTION",
      [
        {
          kind: "paragraph",
          text: "bpfts shows and changes the eBPF programs, maps and links of this machine. Its commands, options and output are those of bpftool. A word may be shortened: it selects the first command that begins with it.",
        },
        { kind: "paragraph", text: "Most commands need root. With -j the output is always one JSON value." },
      ],
    ],
    ["OBJECTS", objects.map(({ name, summary }): Block => ({ kind: "item", term: name, text: sentence(summary) }))],
    ["OPTIONS", items(optionPairs(optionsOf(undefined)))],
    [
      "EXAMPLES",
      [
        { kind: "lines", lines: ["bpfts prog show", "bpfts -p link show", "bpfts map dump id 7"] },
        { kind: "paragraph", text: "The pages of the objects have examples of each command." },
      ],
    ],
    ["EXIT STATUS", EXIT_STATUS],
    ["SEE ALSO", seeAlso("bpfts", table)],
  ]);
}

/** Returns the manual page of one object, such as bpfts-prog(1). */
export function objectPage(object: ObjectEntry, table: readonly ObjectEntry[]): ManualPage {
  const topic = objectTopic(object);
  const name = `bpfts-${object.name}`;
  const forms = topic.commands.flatMap(({ syntax }) => syntax);
  const definitions = new Map(topic.commands.flatMap((command) => command.definitions));
  return page(name, [
    ["NAME", [{ kind: "paragraph", text: `${name} - ${object.summary}` }]],
    [
      "SYNOPSIS",
      [{ kind: "lines", lines: [...forms, ...(object.commands === undefined ? [] : [`bpfts ${object.name} help`])] }],
    ],
    ["DESCRIPTION", [topic.summary, ...topic.notes].map((text) => ({ kind: "paragraph", text }))],
    ["COMMANDS", topic.commands.flatMap(commandBlocks)],
    ["WORDS", items([...definitions])],
    ["OPTIONS", items(topic.options)],
    ["EXIT STATUS", EXIT_STATUS],
    ["SEE ALSO", seeAlso(name, table)],
  ]);
}

function page(name: string, sections: readonly (readonly [title: string, blocks: readonly Block[]])[]): ManualPage {
  const filled = sections.filter(([, blocks]) => blocks.length > 0);
  return { name, sections: filled.map(([title, blocks]) => ({ title, blocks })) };
}

function commandBlocks({ name, summary, examples, words, notes }: ReturnType<typeof commandTopic>): Block[] {
  return [
    { kind: "heading", text: name.replaceAll("|", ", ") },
    { kind: "paragraph", text: summary },
    ...examples.flatMap(([line, meaning]): Block[] => [
      { kind: "paragraph", text: sentence(meaning) },
      { kind: "lines", lines: [line] },
    ]),
    ...items(words),
    ...notes.map((text): Block => ({ kind: "paragraph", text })),
  ];
}

function items(pairs: readonly Pair[]): Block[] {
  return pairs.map(([term, text]) => ({ kind: "item", term, text }));
}

function seeAlso(own: string, table: readonly ObjectEntry[]): Block[] {
  const names = ["bpfts", ...objectsWithPage(table).map(({ name }) => `bpfts-${name}`)];
  const others = names.filter((name) => name !== own).map((name) => `${name}(1)`);
  return [{ kind: "paragraph", text: others.join(", ") }];
}

/** Returns a manual page as plain text, for machines without man(1). */
export function manualText({ name, sections }: ManualPage): string[] {
  return [
    `${name.toUpperCase()}(1)`,
    ...sections.flatMap(({ title, blocks }) => ["", title, ...blocks.flatMap(blockText)]),
  ];
}

function blockText(block: Block, index: number): string[] {
  const gap = index === 0 ? [] : [""];
  switch (block.kind) {
    case "heading":
      return [...gap, `   ${block.text}`];
    case "paragraph":
      return [...gap, ...wrap(block.text, 7)];
    case "lines":
      return [...gap, ...block.lines.flatMap((line) => hanging(line, 7))];
    case "item":
      return [...gap, `       ${block.term}`, ...wrap(block.text, 14)];
  }
}
