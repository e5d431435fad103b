import { UsageError } from "../errors/index.ts";
import { diagnosisOf } from "../explain/index.ts";

/** Returns the error for a place to attach to that does not exist. `near` has similar names that exist. */
export function targetMissing(message: string, near: readonly string[] = []): UsageError {
  const names = near.length === 0 ? undefined : near.join(", ");
  return new UsageError(names === undefined ? message : `${message}; it has ${names}`, {
    diagnose: () => diagnosisOf("attach-target-missing", { reason: message, near: names }),
  });
}
