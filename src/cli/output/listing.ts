import type { Options } from "../words/options.ts";
import type { Answer } from "./answer.ts";
import { formatJson, type JsonValue, RawText } from "./json-writer.ts";
import { JsonArray } from "./live.ts";
import { escapeText } from "./terminal-text.ts";
import { TextBuffer } from "./text-buffer.ts";

/** How to render a record as text and as JSON. */
export interface RecordStyle<R> {
  readonly text: (record: R) => string;
  readonly json: (record: R) => JsonValue;
}

/**
 * A listing that renders each record as soon as it is added. Keeping ten thousand records until the end would cost a
 * third of the time in garbage collection.
 */
export class Listing<R> {
  readonly #style: RecordStyle<R>;
  readonly #pretty: boolean;
  readonly #array: JsonArray | undefined;
  readonly #json: boolean;
  readonly #out = new TextBuffer();
  readonly #pieces: Uint8Array[] = [];

  /**
   * If `array` is true, the JSON is an array of records. Otherwise the listing has only one record, and the JSON is
   * this record.
   */
  constructor(style: RecordStyle<R>, { json, pretty }: Options, array: boolean) {
    this.#style = style;
    this.#json = json;
    this.#pretty = pretty;
    this.#array = json && array ? new JsonArray((text) => this.#write(text), pretty) : undefined;
  }

  add(record: R): void {
    if (this.#array !== undefined) this.#array.add(this.#style.json(record));
    else if (this.#json) this.#write(formatJson(this.#style.json(record), this.#pretty));
    else this.#write(escapeText(this.#style.text(record)));
  }

  /** Ends the listing and returns it. Call it once. */
  answer(): Answer {
    this.#array?.end();
    const pieces = [...this.#pieces, this.#out.take()];
    return {
      text: () => pieces,
      jsonPieces: () => pieces,
      json: () => new RawText(Buffer.concat(pieces).toString()),
    };
  }

  #write(text: string): void {
    this.#out.add(text);
    if (this.#out.full) this.#pieces.push(this.#out.take());
  }
}
