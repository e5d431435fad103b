import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";

/** A compiled peer program, or the reason why it is not available. */
export type Peer = { readonly path: string } | { readonly missing: string };

const OUT = ".build/bench/peer";
/** A wrapper of gcc with Debian's newest libbpf. `scripts/peers.sh libbpf` makes it. */
const PEER_COMPILER = ".cache/peers/libbpf-cc";

/** Compiles `bench/peer/NAME.c`, if gcc and libbpf are available. */
export function buildPeer(name: string, needsLibbpf: boolean): Peer {
  if (spawnSync("gcc", ["--version"]).status !== 0) return { missing: "gcc is not installed" };
  const compiler = needsLibbpf ? libbpfCompiler() : ["gcc"];
  if (compiler === undefined)
    return { missing: "libbpf is missing; run scripts/peers.sh libbpf, or install libbpf-dev" };
  mkdirSync(OUT, { recursive: true });
  const path = `${OUT}/${name}`;
  const [command, ...libraries] = compiler;
  const built = spawnSync(command as string, ["-O2", "-w", "-o", path, `bench/peer/${name}.c`, ...libraries], {
    encoding: "utf8",
  });
  return built.status === 0 ? { path } : { missing: `${command} failed: ${built.stderr.trim().split("\n")[0]}` };
}

/**
 * Returns a command that compiles with libbpf. libbpf comes from the install prefix in `BPFTS_BENCH_LIBBPF` (`include`,
 * `lib/libbpf.a`), from `scripts/peers.sh libbpf`, or from the system's libbpf-dev. Returns undefined if there is none.
 */
function libbpfCompiler(): string[] | undefined {
  const prefix = process.env.BPFTS_BENCH_LIBBPF;
  if (prefix !== undefined) return ["gcc", `-I${prefix}/include`, `${prefix}/lib/libbpf.a`, "-lelf", "-lz"];
  if (existsSync(PEER_COMPILER)) return [PEER_COMPILER];
  return existsSync("/usr/include/bpf/libbpf.h") ? ["gcc", "-lbpf", "-lelf", "-lz"] : undefined;
}
