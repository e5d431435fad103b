/** What an instruction does, as far as the history of a register needs it. */
export type Operation =
  /** `r3 = r1`, `r3 += 14`, `r3 = *(u64 *)(r10 -8)`, `r1 = 5`. */
  | { readonly kind: "set"; readonly register: string; readonly from: Source; readonly operator: string }
  /** `*(u64 *)(r10 -8) = r1`. */
  | { readonly kind: "store"; readonly base: string; readonly offset: number; readonly value: string | undefined }
  /** `call bpf_map_lookup_elem#1`, `call pc+5`. */
  | { readonly kind: "call"; readonly name: string; readonly isSubprogram: boolean }
  /** `if r3 > r2 goto pc+4`. */
  | { readonly kind: "branch"; readonly left: string; readonly right: string }
  | { readonly kind: "exit" }
  | { readonly kind: "other" };

export type Source =
  | { readonly kind: "register"; readonly register: string }
  | { readonly kind: "memory"; readonly base: string; readonly offset: number }
  | { readonly kind: "value"; readonly text: string };

const MEMORY = /^\*\([us](?:8|16|32|64) \*\)\(r(\d{1,2}) ([+-]\d{1,9})\)/;

/** Reads an instruction's text as the kernel prints it. */
export function readOperation(text: string): Operation {
  if (text === "exit") return { kind: "exit" };
  const call = /^call ([\w#+<>.-]{1,200})/.exec(text)?.[1];
  if (call !== undefined) return { kind: "call", name: call, isSubprogram: /^pc[+-]/.test(call) };
  const store = MEMORY.exec(text);
  if (store !== null) {
    const value = /= [rw](\d{1,2})$/.exec(text)?.[1];
    return {
      kind: "store",
      base: `R${store[1]}`,
      offset: Number(store[2]),
      value: value === undefined ? undefined : `R${value}`,
    };
  }
  const branch = /^if [rw](\d{1,2}) [s&=!<>]{1,3} (\S{1,40}) goto/.exec(text);
  if (branch !== null) return { kind: "branch", left: `R${branch[1]}`, right: upper(branch[2] as string) };
  const set = /^[rw](\d{1,2}) ([^ ]{0,5}=) (.{1,200})$/.exec(text);
  if (set === null) return { kind: "other" };
  return { kind: "set", register: `R${set[1]}`, operator: set[2] as string, from: readSource(set[3] as string) };
}

function readSource(text: string): Source {
  const memory = MEMORY.exec(text);
  if (memory !== null) return { kind: "memory", base: `R${memory[1]}`, offset: Number(memory[2]) };
  const register = /^(?:\([su]\d{1,2}\))?[rw](\d{1,2})$/.exec(text)?.[1];
  return register === undefined ? { kind: "value", text } : { kind: "register", register: `R${register}` };
}

function upper(operand: string): string {
  return /^[rw]\d{1,2}$/.test(operand) ? `R${operand.slice(1)}` : operand;
}

/** Returns the name of a function without the kernel's number: `bpf_map_lookup_elem`. */
export function functionName(call: string): string {
  return call.replace(/#-?\d+$/, "");
}
