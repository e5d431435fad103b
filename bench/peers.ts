import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";

/** A built peer program, or why there is none. */
export type Peer = { readonly path: string } | { readonly missing: string };

const OUT = ".build/bench/peer";

/**
 * Compiles `bench/peer/NAME.c` with gcc. libbpf comes from `BPFTS_BENCH_LIBBPF` (an install prefix with `include`
 * and `lib/libbpf.a`) or from the system's libbpf-dev.
 */
export function buildPeer(name: string, needsLibbpf: boolean): Peer {
  if (spawnSync("gcc", ["--version"]).status !== 0) return { missing: "gcc is not installed" };
  mkdirSync(OUT, { recursive: true });
  const path = `${OUT}/${name}`;
  const flags = needsLibbpf ? libbpfFlags() : [];
  if (flags === undefined) return { missing: "libbpf-dev is not installed" };
  const built = spawnSync("gcc", ["-O2", "-w", "-o", path, `bench/peer/${name}.c`, ...flags], { encoding: "utf8" });
  return built.status === 0 ? { path } : { missing: `gcc failed: ${built.stderr.trim().split("\n")[0]}` };
}

function libbpfFlags(): string[] | undefined {
  const prefix = process.env["BPFTS_BENCH_LIBBPF"];
  if (prefix !== undefined) return [`-I${prefix}/include`, `${prefix}/lib/libbpf.a`, "-lelf", "-lz"];
  return existsSync("/usr/include/bpf/libbpf.h") ? ["-lbpf", "-lelf", "-lz"] : undefined;
}

/** The version of the libbpf that {@link buildPeer} uses, for the table's head. */
export function libbpfVersion(): string {
  const prefix = process.env["BPFTS_BENCH_LIBBPF"];
  const header = prefix === undefined ? "/usr/include/bpf/libbpf_version.h" : `${prefix}/include/bpf/libbpf_version.h`;
  if (!existsSync(header)) return "none";
  const text = execFileSync("cat", [header], { encoding: "utf8" });
  const number = (part: string): string => new RegExp(`LIBBPF_${part}_VERSION (\\d+)`).exec(text)?.[1] ?? "?";
  return `${number("MAJOR")}.${number("MINOR")}`;
}
