export { METRIC_NAMES, type Metric, type MetricName, type MetricRatio, metric } from "./metrics.ts";
export {
  MAX_METRICS,
  type MetricReading,
  Profile,
  type ProfileOptions,
  type ProfileReading,
  profileProgram,
} from "./profile.ts";
