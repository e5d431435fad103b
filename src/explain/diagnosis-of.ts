import type { Diagnosis, HistoryStep } from "../errors/index.ts";
import { escapeControls } from "../layout/index.ts";
import { fillFirst, fillRemedies } from "./fill-text.ts";
import type { Kind } from "./kinds/kind.ts";
import { outsideKinds } from "./kinds/outside.ts";

const MOST_REMEDIES = 3;

/** The parts of a diagnosis that do not come from the table of kinds. */
export interface DiagnosisParts {
  readonly program?: string | undefined;
  /** What bpfts found, one clause each. */
  readonly found?: readonly string[] | undefined;
}

/**
 * Makes a diagnosis without a log of the verifier. `name` is the name of a kind, such as `missing-capability`. `facts`
 * has the values for the placeholders in its texts; a fact that is undefined is not known.
 */
export function diagnosisOf(
  name: string,
  facts: Readonly<Record<string, string | undefined>>,
  { program, found = [] }: DiagnosisParts = {},
): Diagnosis {
  const kind = outsideKinds().find((one) => one.name === name) as Kind;
  const known = new Map(
    Object.entries(facts).flatMap(([key, value]) => (value === undefined ? [] : [[key, escapeControls(value)]])),
  );
  const why: HistoryStep[] = found.map((text) => ({ place: undefined, text: escapeControls(text) }));
  const texts = textsOf(kind, known);
  return {
    ...texts,
    what: texts.what.charAt(0).toUpperCase() + texts.what.slice(1),
    program,
    where: undefined,
    why,
    lines: [],
    kernelReport: undefined,
  };
}

/** Returns the texts of a kind with their placeholders replaced by the facts. */
export function textsOf(kind: Kind, facts: ReadonlyMap<string, string>) {
  return {
    code: kind.code,
    name: kind.name,
    class: kind.class,
    what: fillFirst(kind.what, facts) ?? `${kind.title}.`,
    remedies: fillRemedies(kind.remedies, facts).slice(0, MOST_REMEDIES),
    kernels: kind.kernels,
    confidence: kind.confidence ?? ("certain" as const),
  };
}
