import { type Btf, BtfBuilder, type BtfFeatures, sanitizeBtf } from "../btf/index.ts";
import { SyscallError } from "../errors/index.ts";
import { OwnedFd, tryBtfLoad } from "../sys/index.ts";

/** The size of the buffer for the kernel's log when the kernel refuses an object's BTF. */
const LOG_SIZE = 1 << 20;

/**
 * Loads an object's BTF into the kernel. If the kernel refuses the BTF, this function rewrites it without the kinds of
 * types that this kernel does not know, and tries again. If the kernel refuses the rewritten BTF too, the function
 * returns undefined: programs and maps then load without BTF, as with libbpf. If the BTF is `mandatory`, as for
 * struct_ops, the function throws instead.
 */
export function loadObjectBtf(btf: Btf, mandatory: boolean): OwnedFd | undefined {
  const first = tryBtfLoad(btf.data);
  if (first.fd !== undefined) return new OwnedFd(first.fd, "the object's BTF");
  const second = tryBtfLoad(sanitizeBtf(btf, probeBtfFeatures()), { log: { size: LOG_SIZE } });
  if (second.fd !== undefined) return new OwnedFd(second.fd, "the object's BTF");
  if (!mandatory) return undefined;
  const line = second.log.trimEnd().split("\n").at(-1) ?? "";
  throw new SyscallError({
    call: "bpf(BPF_BTF_LOAD)",
    errno: second.errno,
    subject: btf.source,
    ...(line === "" ? {} : { hint: `the kernel says: ${line.trim()}` }),
  });
}

/**
 * Returns an object's BTF in a form that this kernel accepts; undefined if the kernel accepts neither the original nor
 * the rewritten BTF. Loads each of them to find out.
 */
export function acceptedBtf(btf: Btf): Uint8Array | undefined {
  for (const data of [btf.data, sanitizeBtf(btf, probeBtfFeatures())]) {
    const { fd } = tryBtfLoad(data);
    if (fd === undefined) continue;
    new OwnedFd(fd, "the object's BTF").close();
    return data;
  }
  return undefined;
}

let features: BtfFeatures | undefined;

/**
 * Returns which kinds of BTF types the running kernel accepts. Probes each kind once, by loading BTF with one type of
 * that kind.
 */
export function probeBtfFeatures(): BtfFeatures {
  features ??= {
    func: takes((b) => {
      const proto = b.add({ kind: "func_proto", name: "", returns: 0, params: [] });
      b.add({ kind: "func", name: "f", type: proto, linkage: "static" });
    }),
    funcGlobal: takes((b) => {
      const proto = b.add({ kind: "func_proto", name: "", returns: 0, params: [] });
      b.add({ kind: "func", name: "f", type: proto, linkage: "global" });
    }),
    datasec: takes((b) => addDatasec(b, ".data")),
    questionMarkDatasec: takes((b) => addDatasec(b, "?.data")),
    float: takes((b) => b.add({ kind: "float", name: "float", size: 4 })),
    declTag: takes((b) => {
      const type = addVariable(b);
      b.add({ kind: "decl_tag", name: "tag", type, component: -1, attribute: false });
    }),
    typeTag: takes((b) => {
      const tag = b.add({ kind: "type_tag", name: "tag", type: addInt(b), attribute: false });
      b.add({ kind: "ptr", name: "", type: tag });
    }),
    enum64: takes((b) =>
      b.add({ kind: "enum64", name: "e", size: 8, signed: false, values: [{ name: "A", value: 1n }] }),
    ),
    layout: false,
  };
  return features;
}

function takes(describe: (builder: BtfBuilder) => void): boolean {
  const builder = new BtfBuilder();
  describe(builder);
  const { fd } = tryBtfLoad(builder.encode());
  if (fd === undefined) return false;
  new OwnedFd(fd, "a probe").close();
  return true;
}

/** Adds the type `int` and returns its id. */
export function addInt(builder: BtfBuilder): number {
  const int = { size: 4, signed: true, char: false, bool: false, bitOffset: 0, bits: 32 };
  return builder.add({ kind: "int", name: "int", ...int });
}

function addVariable(builder: BtfBuilder): number {
  return builder.add({ kind: "var", name: "x", type: addInt(builder), linkage: "static" });
}

function addDatasec(builder: BtfBuilder, name: string): void {
  const type = addVariable(builder);
  builder.add({ kind: "datasec", name, size: 4, variables: [{ type, offset: 0, size: 4 }] });
}
