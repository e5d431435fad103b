import { type MapChange, openMap, watchMap } from "../../map/index.ts";
import type { Run } from "../command/command.ts";
import { takeMap } from "../handle/map.ts";
import type { LiveAnswer } from "../output/answer.ts";
import { decodedJson, formatJson, type JsonValue } from "../output/json-writer.ts";
import type { Options } from "../words/options.ts";
import { parseU32, unexpectedWord } from "../words/words.ts";

const SIGNS = { added: "+", changed: "~", removed: "-" } as const;

/**
 * `bpfts map watch MAP [interval MS]`: prints each element that is added, changed or removed. With -j, each of these
 * changes is a JSON document on its own line. bpftool does not have this command.
 */
export const watchElements: Run = (words, options) => {
  using fd = takeMap(words);
  const map = openMap({ fd: fd.release() });
  try {
    let interval = 1000;
    if (words.left > 0) {
      if (!words.takeKeyword("interval")) throw unexpectedWord(["interval"], words);
      interval = parseU32(words.take("milliseconds"), "interval");
      words.end();
    }
    return live(map, interval, options);
  } catch (error) {
    map.close();
    throw error;
  }
};

function live(map: ReturnType<typeof openMap>, interval: number, options: Options): LiveAnswer {
  return {
    async live(output, signal) {
      using owned = map;
      for await (const change of watchMap(owned, { interval, signal })) {
        if (options.json) output.jsonLine(jsonOf(change));
        else output.text(`${textOf(change)}\n`);
      }
    },
  };
}

function jsonOf({ kind, key, value, before }: MapChange<unknown, unknown>): JsonValue {
  return {
    change: kind,
    key: decodedJson(key),
    value: decodedJson(value),
    ...(kind === "changed" ? { before: decodedJson(before) } : {}),
  };
}

function textOf({ kind, key, value, before }: MapChange<unknown, unknown>): string {
  const json = (part: unknown): string => formatJson(decodedJson(part));
  const was = kind === "changed" ? `${json(before)} -> ` : "";
  return `${SIGNS[kind]} ${json(key)}: ${was}${json(value)}`;
}
