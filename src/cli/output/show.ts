import type { Options } from "../words/options.ts";
import type { Answer } from "./answer.ts";
import { formatJson } from "./json-writer.ts";
import { writePieces, writeText } from "./write.ts";

/** Writes an answer, as text or as JSON with a line end. */
export function showAnswer(answer: Answer, { json, pretty }: Options): void {
  if (json && answer.jsonPieces !== undefined) {
    writePieces(1, answer.jsonPieces(pretty));
    writeText(1, "\n");
  } else if (json) writeText(1, `${formatJson(answer.json(), pretty)}\n`);
  else writePieces(answer.textTo === "stderr" ? 2 : 1, answer.text());
}

/** Returns the JSON text of an answer, without a line end. */
export function answerJson(answer: Answer, pretty: boolean): string {
  if (answer.jsonPieces === undefined) return formatJson(answer.json(), pretty);
  let text = "";
  for (const piece of answer.jsonPieces(pretty))
    text += typeof piece === "string" ? piece : Buffer.from(piece).toString();
  return text;
}
