/** A fenced block of a Markdown file. */
export interface Snippet {
  readonly file: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** The reason in a `<!-- not run: … -->` right above the block. */
  readonly notRun: string | undefined;
}

/** All fenced blocks of a Markdown text, in order. */
export function readSnippets(file: string, markdown: string): Snippet[] {
  const lines = markdown.split("\n");
  const found: Snippet[] = [];
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(\w*)$/.exec(lines[i] as string);
    if (fence === null) continue;
    const end = lines.indexOf("```", i + 1);
    if (end < 0) throw new Error(`${file}:${i + 1}: the block has no end`);
    let above = i - 1;
    while (above >= 0 && lines[above] === "") above--;
    found.push({
      file,
      line: i + 1,
      language: fence[1] as string,
      text: lines.slice(i + 1, end).join("\n"),
      notRun: /^<!-- not run: (.+) -->$/.exec(lines[above] ?? "")?.[1],
    });
    i = end;
  }
  return found;
}

/** A command of a `console` block with the output that the page shows for it. */
export interface Step {
  readonly command: string;
  readonly shown: string;
}

/** The steps of a `console` block: a line that begins with `# ` is a command of root's, the rest is its output. */
export function readSteps(text: string): Step[] {
  const steps: { command: string; shown: string[] }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("# ")) steps.push({ command: line.slice(2), shown: [] });
    else steps.at(-1)?.shown.push(line);
  }
  return steps.map((step) => ({ command: step.command, shown: step.shown.join("\n").trimEnd() }));
}

/** What differs from run to run becomes a word: dates, tags, numbers; runs of blanks become one. */
export function mask(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}/g, "DATE")
    .replace(/(?<![0-9a-z])[0-9a-f]{16}(?![0-9a-z])/g, "TAG")
    .replace(/\b0x[0-9a-f]+\b/g, "HEX")
    .replace(/\d+/g, "N")
    .replace(/N(,N)+/g, "N")
    .replace(/[ \t]+/g, " ")
    .replace(/ $/gm, "")
    .trim();
}
