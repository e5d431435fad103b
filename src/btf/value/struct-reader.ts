import type { ValueReader } from "./shape.ts";

/** A member of a struct, as it is read. */
export interface MemberReader {
  readonly name: string;
  readonly offset: number;
  readonly read: ValueReader;
}

/** After so many values a function of the struct's own is worth its compilation, which takes as long as some hundred. */
const CALLS_BEFORE_COMPILING = 200;
/** A literal of many more makes objects that are slow to use. */
const MOST_COMPILED = 64;

/**
 * Reads a struct into an object. The first values are read by a loop over the members, the rest by a function with the
 * members' names in its text: what the engine learns about names and types in a shared loop it learns about all structs
 * of the process together, and reads each three times as slowly.
 */
export function structReader(members: readonly MemberReader[]): ValueReader {
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

/** `(view, at) => ({ "pid": r0(view, at + 0), … })`; undefined where the process may not compile text (a Node flag). */
function compiledReader(members: readonly MemberReader[]): ValueReader | undefined {
  // Names come from files: each is a JSON string, which is a JavaScript string and nothing more.
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
