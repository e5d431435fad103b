const WIDTH = 100;

/** Breaks a text into lines of at most {@link WIDTH} characters, indented by `indent`. */
export function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line += (line === "" ? "" : " ") + word;
  }
  return [...lines, line].map((one) => (" ".repeat(indent) + one).trimEnd());
}

/** Breaks a text into lines as {@link wrap} does. The continuation lines are indented deeper than the first line. */
export function hanging(text: string, indent: number): string[] {
  return wrap(text, indent + 4).map((line, i) => (i === 0 ? line.slice(4) : line));
}

/** The largest width of the first column. A longer text in it does not move the second column to the right. */
const MAX_FIRST = 24;

/** Formats pairs as two columns. If the first text is longer than {@link MAX_FIRST}, it has a line of its own. */
export function twoColumns(pairs: readonly (readonly [first: string, second: string])[]): string[] {
  const width = Math.max(0, ...pairs.map(([first]) => first.length).filter((length) => length <= MAX_FIRST));
  return pairs.flatMap(([first, second]) => {
    const lines = wrap(second, width + 4);
    if (first.length > width) return [`  ${first}`, ...lines];
    return [`  ${first.padEnd(width)}  ${(lines[0] ?? "").trimStart()}`.trimEnd(), ...lines.slice(1)];
  });
}

/** Converts the summary of a command to a sentence. */
export function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
