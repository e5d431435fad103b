import type { Btf } from "./btf.ts";
import type { TypeId } from "./types.ts";

/** A declaration is cut off at this depth, which also ends cycles. */
const MAX_DEPTH = 32;
/** The size of bpftool's buffer for a declaration, including the NUL. */
const SIGNATURE_SIZE = 1024;

/** Ends the recursion where bpftool gives up. Only this file throws and catches it. */
class Unprintable extends Error {}

/** A text with a limit on its length. Throws {@link Unprintable} when the text reaches the limit. */
class Text {
  text = "";
  readonly #limit: number;
  readonly tags: boolean;
  constructor(limit: number, tags: boolean) {
    this.#limit = limit;
    this.tags = tags;
  }
  add(piece: string): void {
    this.text += piece;
    if (this.text.length >= this.#limit) throw new Unprintable();
  }
}

/**
 * Formats a type as bpftool's `btf_dumper_type_only` does, for instance `int xdp_main(struct xdp_md * ctx)` for a FUNC.
 * Returns "" where bpftool prints nothing: for tags, and for more than 1,023 characters.
 */
export function formatSignature(btf: Btf, id: TypeId): string {
  const out = new Text(SIGNATURE_SIZE, false);
  try {
    print(btf, id, out, 0);
  } catch (error) {
    if (error instanceof Unprintable) return "";
    throw error;
  }
  return out.text;
}

/** Formats a type as short C for messages: `struct task_struct *`, `const char[16]`, `u32`. Leaves out type tags. */
export function formatType(btf: Btf, id: TypeId): string {
  const out = new Text(SIGNATURE_SIZE, true);
  try {
    print(btf, id, out, 0);
  } catch (error) {
    if (!(error instanceof Unprintable)) throw error;
    return `type ${id}`;
  }
  return out.text
    .replaceAll(/ {2,}/g, " ")
    .replaceAll(/ (?=[\])[])/g, "")
    .replaceAll("* *", "**")
    .trim();
}

function print(btf: Btf, id: TypeId, out: Text, depth: number): void {
  if (depth > MAX_DEPTH) throw new Unprintable();
  const type = btf.type(id);
  switch (type.kind) {
    case "void":
      out.add("void ");
      break;
    case "int":
    case "typedef":
    case "float":
      out.add(`${type.name} `);
      break;
    case "struct":
    case "union":
      out.add(`${type.kind} ${type.name} `);
      break;
    case "enum":
    case "enum64":
      out.add(`enum ${type.name} `);
      break;
    case "fwd":
      out.add(`${type.union ? "union" : "struct"} ${type.name} `);
      break;
    case "array":
      print(btf, type.type, out, depth + 1);
      out.add(`[${type.length}]`);
      break;
    case "ptr":
      print(btf, type.type, out, depth + 1);
      out.add("* ");
      break;
    case "volatile":
    case "const":
    case "restrict":
      out.add(`${type.kind} `);
      print(btf, type.type, out, depth + 1);
      break;
    case "func_proto":
      printFunction(btf, id, undefined, out, depth + 1);
      break;
    case "func":
      printFunction(btf, type.type, type.name, out, depth + 1);
      break;
    case "var":
      if (type.linkage === "static") out.add("static ");
      print(btf, type.type, out, depth + 1);
      out.add(` ${type.name}`);
      break;
    case "datasec":
      out.add(`section ("${type.name}") `);
      break;
    case "type_tag":
      if (!out.tags) throw new Unprintable();
      print(btf, type.type, out, depth + 1);
      break;
    case "decl_tag":
      throw new Unprintable();
  }
}

function printFunction(btf: Btf, id: TypeId, name: string | undefined, out: Text, depth: number): void {
  const type = btf.type(id);
  if (type.kind !== "func_proto") throw btf.error(id, `is the type of function ${name}, but is not a FUNC_PROTO`);
  print(btf, type.returns, out, depth + 1);
  out.add(name === undefined ? "(" : `${name}(`);
  type.params.forEach((param, i) => {
    if (i > 0) out.add(", ");
    if (param.type === 0) {
      out.add("...");
      return;
    }
    print(btf, param.type, out, depth + 1);
    if (param.name !== "") out.add(param.name);
    else if (out.text.endsWith(" ")) out.text = out.text.slice(0, -1);
  });
  out.add(")");
}
