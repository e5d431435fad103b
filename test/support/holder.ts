import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Another process, which holds programs until `end()` is called or the test ends. */
export interface ProgramHolder {
  readonly pid: number;
  /** The ids of the programs that the process has loaded. */
  readonly ids: readonly number[];
  end(): Promise<void>;
}

/**
 * Starts a process that loads `count` programs and opens the programs with the ids `others`. With a `count` of 0, it
 * loads one program in a thread that has its own file table.
 */
export async function withProgramHolder(
  t: Pick<TestContext, "after">,
  count: number,
  ...others: readonly number[]
): Promise<ProgramHolder> {
  const { pid, said, end } = await withHolder<readonly number[]>(t, "holder-child.js", [count, ...others].map(String));
  return { pid, ids: said, end };
}

/**
 * Starts a script of this folder, which holds objects until its standard input ends. `said` is the parsed JSON of the
 * first line that the script prints.
 */
export async function withHolder<Said>(
  t: Pick<TestContext, "after">,
  script: string,
  args: readonly string[] = [],
): Promise<{ readonly pid: number; readonly said: Said; end(): Promise<void> }> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const end = async (): Promise<void> => {
    child.stdin?.end();
    await ended;
  };
  t.after(end);
  const [line] = (await once(child.stdout as NodeJS.EventEmitter, "data")) as [Buffer];
  return { pid: child.pid as number, said: JSON.parse(String(line)), end };
}

/**
 * Returns those holders of an object that are the processes `pids` of the caller's test. There may be other holders,
 * because another test that lists all objects at the same time opens each of them for a moment.
 */
export function holdersAmong<Holder extends { readonly pid: number }>(
  holders: readonly Holder[] | undefined,
  ...pids: readonly number[]
): Holder[] {
  return (holders ?? []).filter(({ pid }) => pids.includes(pid));
}
