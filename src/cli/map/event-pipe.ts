import { EventReader, PerfRecords } from "../../events/index.ts";
import { openMap } from "../../map/index.ts";
import { BpfMapType } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { takeMap } from "../handle/map.ts";
import type { LiveAnswer } from "../output/answer.ts";
import { hexBlock } from "../output/hex.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { ended } from "../output/live.ts";
import { writeNote } from "../output/write.ts";
import type { Options } from "../words/options.ts";
import { parseU32, unexpectedWord, type Words } from "../words/words.ts";

/** The pages of each CPU's ring. bpftool uses the same number. */
const PAGES = 16;
const PERF_RECORD_LOST = 2;
const PERF_RECORD_SAMPLE = 9;

/** A sample, or the number of samples that were lost. */
interface PipeEvent {
  readonly cpu: number;
  readonly index: number;
  readonly sample?: { readonly time: bigint; readonly data: Uint8Array };
  readonly lost?: { readonly id: bigint; readonly count: number };
}

/** `bpfts map event_pipe MAP [cpu N index M]`: prints the records of a perf event array when they arrive. */
export const pipeEvents: Run = (words, options) => {
  using fd = takeMap(words);
  const map = openMap({ fd: fd.release() });
  try {
    if (map.type !== BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY) throw new CommandError("map is not a perf event array");
    const place = takePlace(words);
    return live(map, place, options);
  } catch (error) {
    map.close();
    throw error;
  }
};

function takePlace(words: Words): { cpu: number; index: number } | undefined {
  let cpu: number | undefined;
  let index: number | undefined;
  while (words.left > 0) {
    if (words.takeKeyword("cpu")) cpu = parseU32(words.take("a CPU"), "CPU ID");
    else if (words.takeKeyword("index")) index = parseU32(words.take("an index"), "index");
    else throw unexpectedWord(["cpu", "index"], words);
  }
  if (cpu === undefined && index === undefined) return undefined;
  if (cpu === undefined || index === undefined) throw new CommandError("cpu and index must be specified together");
  return { cpu, index };
}

function live(
  map: ReturnType<typeof openMap>,
  place: { cpu: number; index: number } | undefined,
  { json }: Options,
): LiveAnswer {
  return {
    async live(output, signal) {
      using owned = map;
      let text = "";
      const show = (event: PipeEvent): void => {
        if (json) output.add(jsonOf(event));
        else text += textOf(event);
      };
      const indexOf = (cpu: number): number => place?.index ?? cpu;
      const source = openSource(owned, place, (count, cpu, id) =>
        show({ cpu, index: indexOf(cpu), lost: { id, count } }),
      );
      using reader = new EventReader([
        {
          source,
          onRecord(view, offset, length, cpu) {
            const data = new Uint8Array(view.buffer, view.byteOffset + offset, length);
            show({ cpu, index: indexOf(cpu), sample: { time: source.time, data } });
          },
        },
      ]);
      reader.listen(() => {
        output.text(text);
        text = "";
      });
      await ended(signal);
      writeNote("Stopping...");
      if (json) output.endArray();
    },
  };
}

function openSource(
  map: ReturnType<typeof openMap>,
  place: { cpu: number; index: number } | undefined,
  onLost: (count: number, cpu: number, id: bigint) => void,
): PerfRecords {
  try {
    const where = place === undefined ? {} : { cpus: [place.cpu], index: place.index };
    return new PerfRecords(map, { pages: PAGES, onLost, ...where });
  } catch (error) {
    throw failedTo("failed to create perf buffer", error);
  }
}

const BILLION = 1_000_000_000n;

function textOf({ cpu, index, sample, lost }: PipeEvent): string {
  if (lost !== undefined) return `lost ${lost.count} events\n`;
  const { time = 0n, data = new Uint8Array(0) } = sample ?? {};
  const fraction = String(time % BILLION).padStart(9, "0");
  return `== @${time / BILLION}.${fraction} CPU: ${cpu} index: ${index} =====\n${hexBlock(data)}\n`;
}

function jsonOf({ cpu, index, sample, lost }: PipeEvent): JsonValue {
  if (sample !== undefined)
    return { type: PERF_RECORD_SAMPLE, cpu, index, timestamp: sample.time, data: [...sample.data] };
  return { type: PERF_RECORD_LOST, cpu, index, lost: { id: lost?.id ?? 0n, count: lost?.count ?? 0 } };
}
