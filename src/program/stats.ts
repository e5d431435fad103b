import type { CamelCase } from "../layout/index.ts";
import { enableStats as enableStatsFd, OwnedFd, type ProgInfo } from "../sys/index.ts";

/** The run counters of a program. `recursionMisses` is undefined before Linux 5.12. */
export type ProgramStats = CamelCase<Pick<ProgInfo, "run_cnt" | "run_time_ns" | "recursion_misses">>;

/** Makes the kernel count the runs of all programs until this object is closed. */
export class StatsCounting implements Disposable {
  readonly #fd: OwnedFd;
  constructor(fd: OwnedFd) {
    this.#fd = fd;
  }

  /** Stops the counting, unless another process has also requested it. The programs keep their numbers. */
  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Makes the kernel count runs and run time of all programs until the result is closed: `using counting = enableStats();
 * …; program.stats()`. The counting slows each run by about 20 ns. Linux 5.8; needs CAP_SYS_ADMIN.
 */
export function enableStats(): StatsCounting {
  return new StatsCounting(new OwnedFd(enableStatsFd(), "the counting of program runs"));
}
