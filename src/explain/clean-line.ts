/** The longest line that is read. Longer lines are cut, so that no pattern works on megabytes. */
const LONGEST = 8192;

/** Matches an escape sequence of a terminal: colours, cursor movements, titles. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const ESCAPES = /(?:\x1b\[|\x9b)[\d;?]{0,32}[ -/]{0,4}[@-~]|\x1b(?:\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[@-Z\\-_])/g;
/** Matches the other control characters, and those that change the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/g;
/** Finds a line that may need cleaning. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const UNCLEAN = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/;

/** Removes terminal escapes and control characters from a line, and blanks from its end. A tab becomes a blank. */
export function cleanLine(line: string): string {
  const text = line.length > LONGEST ? line.slice(0, LONGEST) : line;
  if (!UNCLEAN.test(text)) return text.trimEnd();
  return text.replace(ESCAPES, "").replaceAll("\t", " ").replace(CONTROLS, "").trimEnd();
}

/**
 * Matches what log collectors and loaders write before the kernel's line: a container's name, a date, a level, a module
 * path, `libbpf: `.
 */
const PREFIXES: readonly RegExp[] = [
  /^libbpf: /,
  /^[\w.-]{1,80} +\| ?/,
  /^\[?\d{4}-\d\d-\d\d[T ][\d:.,]{1,20}(?:Z|[+-]\d\d:?\d\d)?\]? ?/,
  /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? /,
  /^[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d [\w.-]{1,80} [\w./@-]{1,80}(?:\[\d{1,10}\])?: /,
  /^\[ {0,8}\d{1,10}\.\d{1,9}\] /,
  /^\[?(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|Error|Warning|trace|debug|info|warn|error)\]?:? (?=[\w[;(%-])/,
  /^\[[A-Za-z][^\]]{0,80}\] ?/,
  /^\w+(?:::\w+)+(?:\{[^}]*\})?: /,
];

/** Removes the prefixes of log collectors and loaders from a clean line. */
export function withoutPrefixes(line: string): string {
  let rest = line;
  for (let round = 0; round < 6; round++) {
    const before = rest;
    const blanks = leadingBlanks(rest);
    const body = blanks === 0 ? rest : rest.slice(blanks);
    for (const prefix of PREFIXES) {
      const length = prefix.exec(body)?.[0].length;
      if (length === undefined) continue;
      rest = body.slice(length);
      break;
    }
    if (rest === before) return rest;
  }
  return rest;
}

/** Returns how many blanks a line begins with. */
export function leadingBlanks(line: string): number {
  let count = 0;
  while (line.charCodeAt(count) === 32) count++;
  return count;
}
