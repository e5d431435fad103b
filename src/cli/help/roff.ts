import type { Block, ManualPage } from "./manual.ts";

/** Formats a manual page in roff, with the macros of man(7). */
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

/** Formats a block in roff. `isFirst` is true for the first block after a heading; there a paragraph needs no macro. */
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

/**
 * Escapes characters that roff would interpret. Writes a hyphen as `\-`, so that users can copy it from the page as an
 * ASCII minus.
 */
function escapeRoff(text: string): string {
  return text.replace(/\\/g, "\\e").replace(/-/g, "\\-").replace(/'/g, "\\(aq").replace(/^\./, "\\&.");
}
