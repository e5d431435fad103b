/** A process that holds an object open. */
export interface ObjectRef {
  readonly pid: number;
  readonly comm: string;
}

/** `pids` in text: `comm(pid), comm(pid)`. */
export function refsText(refs: readonly ObjectRef[]): string {
  return refs.map(({ pid, comm }) => `${comm}(${pid})`).join(", ");
}
