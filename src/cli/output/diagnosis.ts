import type { Diagnosis } from "../../errors/index.ts";
import { formatDiagnosis, type Style } from "../../explain/index.ts";
import { colour, showsColours } from "./colour.ts";
import type { JsonValue } from "./json-writer.ts";

const COLOURS: Style = { heading: colour("1;31"), label: colour("1"), place: colour("34") };

/** Returns the text of a diagnosis for standard output or standard error, with colours if that is a terminal. */
export function diagnosisText(diagnosis: Diagnosis, stream: NodeJS.WriteStream): string {
  return formatDiagnosis(diagnosis, showsColours(stream) ? COLOURS : undefined);
}

/** Returns a diagnosis as JSON. */
export function diagnosisJson({ kernelReport, ...rest }: Diagnosis): JsonValue {
  return { ...rest, kernel_report: kernelReport } as unknown as JsonValue;
}
