import type { Remedy } from "./kinds/kind.ts";

/** Returns the remedies with their placeholders replaced. Leaves out a remedy if one of its facts is not known. */
export function fillRemedies(remedies: readonly Remedy[], facts: ReadonlyMap<string, string>): string[] {
  return remedies.flatMap((remedy) => {
    if (typeof remedy === "string") return fillText(remedy, facts) ?? [];
    return facts.has(remedy.unless) ? [] : (fillText(remedy.text, facts) ?? []);
  });
}

/** Replaces each placeholder by the fact with its name. Returns undefined if one of these facts is not known. */
function fillText(template: string, facts: ReadonlyMap<string, string>): string | undefined {
  let isComplete = true;
  const text = template.replace(/\{(\w{1,24})\}/g, (_, name: string) => {
    const fact = facts.get(name);
    isComplete &&= fact !== undefined;
    return fact ?? "";
  });
  return isComplete ? text : undefined;
}

/** Returns the first text whose facts are all known, with its placeholders replaced. */
export function fillFirst(templates: readonly string[], facts: ReadonlyMap<string, string>): string | undefined {
  for (const template of templates) {
    const text = fillText(template, facts);
    if (text !== undefined) return text;
  }
  return undefined;
}
