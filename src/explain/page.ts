import type { Kind } from "./kinds/index.ts";

const CLASS_SENTENCES = {
  program: "The program has to be changed.",
  compiler: "The source may be right: the compiler made instructions that the verifier cannot follow.",
  environment: "The kernel, its configuration or the rights of the process have to be changed.",
  limit: "The program exceeds a limit of the verifier.",
  kernel: "The kernel has a bug.",
  unknown: "Nobody knows yet who has to change something.",
} as const;

/** Returns the page of a code, in Markdown. `example` is the source of a program that is refused with this code. */
export function formatPage(kind: Kind, example?: string): string {
  const remedies = kind.remedies.map(
    (remedy) => `- ${placeholders(typeof remedy === "string" ? remedy : remedy.text)}`,
  );
  return [
    `# ${kind.code}: ${kind.name}\n`,
    `**${kind.title}.**\n`,
    `${kind.meaning}\n`,
    `${CLASS_SENTENCES[kind.class]}${kind.kernels === undefined ? "" : ` ${kind.kernels}`}\n`,
    ...(remedies.length === 0 ? [] : [`## What to do\n`, `${remedies.join("\n")}\n`]),
    ...(example === undefined ? [] : ["## A program that is refused\n", `\`\`\`c\n${example.trim()}\n\`\`\`\n`]),
  ].join("\n");
}

/** Replaces the placeholders in a text by words in capitals: `{end}` becomes `END`. */
function placeholders(text: string): string {
  return text.replace(/\{([a-z]\w{0,24})\}/gi, (_, name: string) => name.toUpperCase());
}
