import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * The modules of Debian's kernels that the tests need. A kernel that does not have one of them has it built in or lacks
 * the feature.
 */
export const MODULES: readonly string[] = [
  "veth",
  "dummy",
  "netkit",
  "bridge",
  "cls_bpf",
  "act_bpf",
  "sch_ingress",
  "sch_fq",
  "sch_htb",
  "act_mirred",
  "nf_conntrack",
  "nf_defrag_ipv4",
  "nf_defrag_ipv6",
  "nf_tables",
  "nft_chain_nat",
  "tcp_diag",
  "udp_diag",
  "unix_diag",
  "xsk_diag",
  "netlink_diag",
  "vsock",
  "vsock_loopback",
  "tls",
  "tcp_dctcp",
  "loop",
];

/**
 * Returns the paths of the modules in a directory by their names. In a name, `-` is replaced by `_`, as in the kernel.
 */
export function modulesBelow(tree: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const entry of readdirSync(tree, { recursive: true }) as string[]) {
    if (entry.endsWith(".ko")) paths.set(moduleName(entry), join(tree, entry));
  }
  return paths;
}

/**
 * Returns the files to load for the wanted modules. Each file comes after the modules that it depends on. Modules
 * without a file are left out. Throws if modules depend on each other in a circle.
 */
export function loadOrder(
  wanted: readonly string[],
  paths: ReadonlyMap<string, string>,
  dependenciesOf: (path: string) => readonly string[] = dependencies,
): string[] {
  const order: string[] = [];
  const state = new Map<string, "begun" | "done">();
  const add = (name: string): void => {
    const path = paths.get(name);
    if (path === undefined || state.get(name) === "done") return;
    if (state.get(name) === "begun") throw new Error(`the module ${name} depends on itself`);
    state.set(name, "begun");
    for (const dependency of dependenciesOf(path)) add(moduleName(dependency));
    state.set(name, "done");
    order.push(path);
  };
  for (const name of wanted) add(moduleName(name));
  return order;
}

/**
 * Returns the names of the modules that a module depends on. Its section .modinfo lists them in the entry
 * `depends=a,b`, which ends with a zero byte.
 */
export function dependencies(path: string): string[] {
  const bytes = readFileSync(path);
  const key = "\0depends=";
  const found = bytes.indexOf(key, 0, "latin1");
  if (found < 0) return [];
  const start = found + key.length;
  const text = bytes.toString("latin1", start, bytes.indexOf(0, start));
  return text === "" ? [] : text.split(",");
}

function moduleName(path: string): string {
  return basename(path, ".ko").replaceAll("-", "_");
}
