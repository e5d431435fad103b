import { UsageError } from "../errors/index.ts";
import { checkOptions, type OptionTable } from "../kernel/index.ts";
import {
  closeFd,
  duplicateFd,
  mapDeleteElem,
  mapUpdateElem,
  onlineCpus,
  perfEventEnable,
  perfEventOpen,
} from "../sys/index.ts";
import { BpfMapType, PerfSample, PerfSoftware, PerfType } from "../uapi/index.ts";
import { type EventMap, type EventSource, type OnRecord, onMapClose } from "./event-source.ts";
import { type OnLost, PerfRing } from "./perf-ring.ts";

/** How the rings of a perf event array are opened. */
export interface PerfBufferOptions {
  /** Pages of each CPU's ring, a power of two. Default 64. */
  readonly pages?: number | undefined;
  /** The CPUs to read. The map's key for a ring is the number of its CPU. Default: all CPUs that are online. */
  readonly cpus?: readonly number[] | undefined;
  /** The map's key for the ring, if it is not the CPU's number. Only with one CPU. */
  readonly index?: number | undefined;
  /** The reader is woken after this many records. Default 1. */
  readonly wakeupEvents?: number | undefined;
  /** The reader is woken after this many bytes, instead of after records. */
  readonly watermark?: number | undefined;
  /** New records overwrite the oldest ones (4.7). Each read pauses the ring, and returns the newest record first. */
  readonly overwritable?: boolean | undefined;
  readonly onLost?: OnLost | undefined;
}

const OPTIONS: OptionTable<PerfBufferOptions> = {
  pages: "natural",
  cpus: "naturals",
  index: "natural",
  wakeupEvents: "natural",
  watermark: "natural",
  overwritable: "boolean",
  onLost: "function",
};

/**
 * Reads a BPF_MAP_TYPE_PERF_EVENT_ARRAY. Makes a ring for each CPU. The rings stay in the map until the source is
 * closed.
 */
export class PerfRecords implements EventSource {
  readonly #map: EventMap;
  /** A duplicate of the map's fd, so that the map may be closed before this source. */
  readonly #mapFd: number;
  #closed = false;
  readonly #rings: { readonly ring: PerfRing; readonly key: Uint8Array }[] = [];
  /** The time at which the current record was written, in nanoseconds of the kernel's perf clock. */
  time = 0n;

  /**
   * Opens a perf event for each CPU and puts it into the map. Needs CAP_PERFMON. If this
   * fails for a CPU, removes the events that are already in the map.
   */
  constructor(map: EventMap, options: PerfBufferOptions = {}) {
    if (map.type !== BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
      throw new UsageError(`${map.what} is of type ${map.typeName}, not perf_event_array`);
    }
    checkOptions("openPerfBuffer", options, OPTIONS);
    const { pages = 64, cpus = onlineCpus(), index, wakeupEvents, watermark } = options;
    if (!Number.isInteger(pages) || pages < 1 || (pages & (pages - 1)) !== 0) {
      throw new UsageError(`${map.what}: the number of pages of a ring must be a power of two, not ${pages}`);
    }
    if (wakeupEvents !== undefined && watermark !== undefined) {
      throw new UsageError(`${map.what}: give wakeupEvents or watermark, not both`);
    }
    if (index !== undefined && cpus.length !== 1) {
      throw new UsageError(`${map.what}: the option 'index' needs exactly one CPU, but ${cpus.length} CPUs were given`);
    }
    this.#map = map;
    this.#mapFd = duplicateFd(map.fd);
    try {
      for (const cpu of cpus) {
        const place = index ?? cpu;
        if (place < map.maxEntries) this.#open(cpu, place, pages, options);
      }
      if (this.#rings.length === 0)
        throw new UsageError(
          `${map.what} has no element for any of the CPUs: its indexes are 0 to ${map.maxEntries - 1}`,
        );
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get fds(): readonly number[] {
    return this.#rings.map(({ ring }) => ring.fd);
  }

  get lost(): number {
    return this.#rings.reduce((sum, { ring }) => sum + ring.lost, 0);
  }

  read(onRecord: OnRecord, most: number): number {
    let count = 0;
    for (const { ring } of this.#rings) {
      if (count >= most) break;
      count += ring.read((view, offset, length, cpu) => {
        this.time = ring.time;
        onRecord(view, offset, length, cpu);
      }, most - count);
    }
    return count;
  }

  onMapClose(callback: () => void): () => void {
    return onMapClose(this.#map, callback);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { ring, key } of this.#rings.splice(0)) {
      try {
        mapDeleteElem(this.#mapFd, key);
      } finally {
        ring.close();
        closeFd(ring.fd);
      }
    }
    closeFd(this.#mapFd);
  }

  #open(cpu: number, index: number, pages: number, options: PerfBufferOptions): void {
    const { watermark, wakeupEvents = 1, overwritable = false, onLost } = options;
    const fd = perfEventOpen({
      type: PerfType.PERF_TYPE_SOFTWARE,
      config: PerfSoftware.PERF_COUNT_SW_BPF_OUTPUT,
      sample_period: 1,
      sample_type: PerfSample.PERF_SAMPLE_RAW | PerfSample.PERF_SAMPLE_TIME,
      wakeup_events: watermark ?? wakeupEvents,
      bits: [...(watermark === undefined ? [] : ["watermark" as const]), ...(overwritable ? BACKWARD : [])],
      pid: -1,
      cpu,
    });
    let ring: PerfRing;
    try {
      ring = new PerfRing(fd, { cpu, pages, backward: overwritable, what: this.#map.what, onLost });
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    this.#rings.push({ ring, key: u32(index) });
    mapUpdateElem(this.#mapFd, u32(index), u32(fd));
    perfEventEnable(fd);
  }
}

const BACKWARD = ["write_backward"] as const;

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
