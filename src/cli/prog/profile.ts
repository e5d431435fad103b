import { setTimeout } from "node:timers/promises";
import {
  METRIC_NAMES,
  type MetricName,
  type MetricReading,
  metric,
  type Profile,
  type ProfileReading,
  profileProgram,
} from "../../profile/index.ts";
import { openProgram } from "../../program/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError, EXIT_INVALID } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { takeProgram } from "../handle/program.ts";
import type { LiveAnswer } from "../output/answer.ts";
import type { Options } from "../words/options.ts";
import { begins, parseU32, type Words } from "../words/words.ts";

/** The longest time in milliseconds that setTimeout accepts, about 24 days. */
const LONGEST = 2 ** 31 - 1;
const MILLISECONDS = 1000;

/** `bpfts prog profile PROG [duration SECONDS] [func NAME] METRICs`. */
export const profileRuns: Run = (words, options) => {
  words.need(3, { exitCode: EXIT_INVALID });
  using fd = takeProgram(words);
  let seconds: number | undefined;
  let subprogram: string | undefined;
  while (words.left > 2 || words.peek === "func" || words.peek === "duration") {
    if (words.takeKeyword("duration")) seconds = parseU32(words.take("a number of seconds"), "duration");
    else if (words.peek === "func" && words.takeKeyword("func")) subprogram = words.take("a function's name");
    else break;
  }
  const metrics = takeMetrics(words);
  using program = openProgram({ fd: fd.release() });
  try {
    return measuring(profileProgram(program, { metrics, subprogram }), seconds, options);
  } catch (error) {
    throw failedTo("failed to profile the program", error);
  }
};

function takeMetrics(words: Words): MetricName[] {
  const metrics: MetricName[] = [];
  while (words.left > 0) {
    const word = words.take("a metric");
    const found = METRIC_NAMES.find((name) => begins(word, name));
    if (found === undefined) {
      const typo = { word, names: [...METRIC_NAMES, "duration", "func"] };
      throw new CommandError(`unknown metric ${word}: use one of ${METRIC_NAMES.join(", ")}`, { typo });
    }
    metrics.push(found);
  }
  if (metrics.length === 0) throw new CommandError(`expected a metric: one of ${METRIC_NAMES.join(", ")}`);
  return metrics;
}

/** Measures until the time is over or the user presses Ctrl-C, and then shows the result. */
function measuring(profile: Profile, seconds: number | undefined, options: Options): LiveAnswer {
  return {
    async live(output, signal) {
      using owned = profile;
      const time = seconds === undefined ? LONGEST : Math.min(seconds * MILLISECONDS, LONGEST);
      await setTimeout(time, undefined, { signal }).catch(() => undefined);
      const reading = owned.read();
      if (options.json) output.json(jsonOf(reading));
      else output.text(textOf(reading));
    },
  };
}

function jsonOf({ runCnt, metrics }: ProfileReading): Record<string, string | bigint>[] {
  return metrics.map(({ metric: name, value, enabled, running }) => ({
    metric: name,
    run_cnt: runCnt,
    value,
    enabled,
    running,
  }));
}

function textOf(reading: ProfileReading): string {
  return `\n${row(reading.runCnt, "run_cnt")}\n${reading.metrics.map((one) => metricRow(one, reading)).join("")}`;
}

function row(value: bigint, name: string): string {
  return `${String(value).padStart(18)} ${name.padEnd(20)}`;
}

function metricRow({ metric: name, value, enabled, running }: MetricReading, { metrics }: ProfileReading): string {
  const { ratio } = metric(name);
  const base = ratio && metrics.find((other) => other.metric === ratio.to)?.value;
  let text = row(value, name);
  if (ratio !== undefined && base !== undefined && base > 0n) {
    text += `# ${((Number(value) * ratio.times) / Number(base)).toFixed(2).padStart(8)} ${ratio.unit.padEnd(30)}`;
  } else text += " ".repeat(41);
  if (enabled > running) text += `(${((Number(running) * 100) / Number(enabled)).toFixed(2)}%)`;
  return `${text}\n`;
}
