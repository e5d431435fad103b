import { readFileSync } from "node:fs";
import { withTracefs } from "./tracefs.ts";

/** A function that ftrace can hook, as kprobe_multi and fentry need it. */
export interface TraceableFunction {
  readonly name: string;
  /** 6.5 and newer, for who may see addresses. */
  readonly address: bigint | undefined;
}

/**
 * The functions that ftrace can hook and for whose name `wanted` holds, by tracefs (`available_filter_functions_addrs`
 * from 6.5 on, else `available_filter_functions`). Undefined where the kernel does not tell: it was built without
 * ftrace, or is locked down.
 */
export function traceableFunctions(wanted: (name: string) => boolean): TraceableFunction[] | undefined {
  return withTracefs((path) => {
    const withAddresses = readIfThere(`${path}/available_filter_functions_addrs`);
    const text = withAddresses ?? readIfThere(`${path}/available_filter_functions`);
    if (text === undefined) return undefined;
    const out: TraceableFunction[] = [];
    for (const line of text.split("\n")) {
      // `ffffffff8104e000 name [module]`, or without the address.
      const [first = "", second = ""] = line.split(/\s/, 2);
      const name = withAddresses === undefined ? first : second;
      if (name === "" || !wanted(name)) continue;
      out.push({ name, address: withAddresses === undefined ? undefined : BigInt(`0x${first}`) });
    }
    return out;
  });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
