type ValueReader = (view: DataView, at: number) => unknown;

/** A member of a struct: its name, its byte offset and the function that reads it. */
export interface MemberReader {
  readonly name: string;
  readonly offset: number;
  readonly read: ValueReader;
}

/** Compiling the function takes as long as reading about this many values. */
const CALLS_BEFORE_COMPILING = 200;
/** If an object literal has many more members than this, V8 creates slow objects from it. */
const MOST_COMPILED = 64;

/**
 * Returns a function that reads a struct into an object. It reads the first values with a loop over the members, and
 * later values with a function that is compiled for this struct. The compiled function is three times as fast, because
 * V8 cannot optimise a loop that all structs share.
 */
export function objectReader(members: readonly MemberReader[]): ValueReader {
  const general = generalReader(members);
  if (members.length > MOST_COMPILED) return general;
  let left = CALLS_BEFORE_COMPILING;
  let read = general;
  return (view, at) => {
    if (left > 0 && --left === 0) read = compiledReader(members) ?? general;
    return read(view, at);
  };
}

function generalReader(members: readonly MemberReader[]): ValueReader {
  return (view, at) => {
    const out: Record<string, unknown> = {};
    for (const { name, offset, read } of members) {
      const value = read(view, at + offset);
      // Assigning this name would replace the object's prototype.
      if (name === "__proto__") Object.defineProperty(out, name, { value, ...OWN });
      else out[name] = value;
    }
    return out;
  };
}

const OWN = { enumerable: true, configurable: true, writable: true };

/** Compiles `(view, at) => ({ "pid": r0(view, at + 0), … })`. Returns undefined if Node forbids `new Function`. */
function compiledReader(members: readonly MemberReader[]): ValueReader | undefined {
  // Names come from files. Quoting them as JSON keeps them from becoming code.
  const keys = members.map(({ name }) => (name === "__proto__" ? '["__proto__"]' : JSON.stringify(name)));
  const values = members.map(({ offset }, i) => `r${i}(view, at + ${offset})`);
  const body = `"use strict";
    const [${members.map((_, i) => `r${i}`).join(", ")}] = reads;
    return (view, at) => ({ ${keys.map((key, i) => `${key}: ${values[i]}`).join(", ")} });`;
  try {
    return new Function("reads", body)(members.map(({ read }) => read)) as ValueReader;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}
