import type { Block, ManualPage } from "./manual.ts";

/** Formats a page in the language of man(1), with the macros of man(7). */
export function formatRoff({ name, sections }: ManualPage, version: string, date: string): string {
  const lines = [`.TH ${name.toUpperCase()} 1 "${date}" "bpfts ${version}" "bpfts"`];
  for (const { title, blocks } of sections) {
    lines.push(`.SH ${title}`);
    blocks.forEach((block, i) => {
      lines.push(...roffBlock(block, i === 0 || blocks[i - 1]?.kind === "heading"));
    });
  }
  return `${lines.join("\n")}\n`;
}

/** `isFirst` is true right after a heading, where a paragraph needs no macro. */
function roffBlock(block: Block, isFirst: boolean): string[] {
  const gap = isFirst ? [] : [".PP"];
  switch (block.kind) {
    case "heading":
      return [`.SS ${escapeRoff(block.text)}`];
    case "paragraph":
      return [...gap, escapeRoff(block.text)];
    case "lines":
      return [
        ...gap,
        ".RS 4",
        ...block.lines.flatMap((line) => [`\\fB${escapeRoff(line)}\\fR`, ".br"]).slice(0, -1),
        ".RE",
      ];
    case "item":
      return [".TP", `\\fB${escapeRoff(block.term)}\\fR`, escapeRoff(block.text)];
  }
}

/** Escapes what roff would read as a request, and writes each hyphen as the minus sign that a user can copy. */
function escapeRoff(text: string): string {
  return text.replace(/\\/g, "\\e").replace(/-/g, "\\-").replace(/'/g, "\\(aq").replace(/^\./, "\\&.");
}
