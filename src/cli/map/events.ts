import { type RecordsOptions, records } from "../../events/index.ts";
import { openMap } from "../../map/index.ts";
import { btfOfMapUsers } from "../../program/index.ts";
import { BpfMapType } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { takeMap } from "../handle/map.ts";
import type { LiveAnswer } from "../output/answer.ts";
import { decodedJson, formatJson, type JsonValue } from "../output/json-writer.ts";
import { unexpectedWord } from "../words/words.ts";

/**
 * `bpfts map events MAP [type TYPE]`: prints the records of a ring buffer or a perf event array when they arrive, as
 * one JSON document per line. If a type is given, the records are decoded. bpftool does not have this command.
 */
export const showEvents: Run = (words) => {
  using fd = takeMap(words);
  const map = openMap({ fd: fd.release() });
  try {
    let type: string | undefined;
    if (words.left > 0) {
      if (!words.takeKeyword("type")) throw unexpectedWord(["type"], words);
      type = words.take("a type");
      if (["struct", "union", "enum"].includes(type)) type = `${type} ${words.take("a name")}`;
      words.end();
    }
    const as = type === undefined ? undefined : ({ btf: btfOfMapUsers(map, type), type, enums: "names" } as const);
    return live(map, as);
  } catch (error) {
    map.close();
    throw error;
  }
};

function live(map: ReturnType<typeof openMap>, as: RecordsOptions["as"]): LiveAnswer {
  return {
    async live(output, signal) {
      using owned = map;
      const onLost = (count: number, cpu: number): void => output.jsonLine({ lost: count, cpu });
      // Only a perf event array reports lost records. With a ring buffer, only the program knows which records did not
      // fit.
      const isPerf = owned.type === BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY;
      const all = records<unknown>(owned, { as, signal, ...(isPerf ? { perf: { onLost } } : {}) });
      for await (const batch of all.batches()) {
        output.text(batch.map((record) => `${formatJson(documentOf(record))}\n`).join(""));
      }
    },
  };
}

function documentOf(record: unknown): JsonValue {
  return record instanceof Uint8Array ? { data: Buffer.from(record).toString("hex") } : decodedJson(record);
}
