import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";

/** A built peer program, or why there is none. */
export type Peer = { readonly path: string } | { readonly missing: string };

const OUT = ".build/bench/peer";
/** What `scripts/peers.sh libbpf` makes: gcc with Debian's newest libbpf. */
const PEER_COMPILER = ".cache/peers/libbpf-cc";

/** Compiles `bench/peer/NAME.c`. */
export function buildPeer(name: string, needsLibbpf: boolean): Peer {
  if (spawnSync("gcc", ["--version"]).status !== 0) return { missing: "gcc is not installed" };
  const compiler = needsLibbpf ? libbpfCompiler() : ["gcc"];
  if (compiler === undefined) return { missing: "neither libbpf-dev nor scripts/peers.sh libbpf is there" };
  mkdirSync(OUT, { recursive: true });
  const path = `${OUT}/${name}`;
  const [command, ...libraries] = compiler;
  const built = spawnSync(command as string, ["-O2", "-w", "-o", path, `bench/peer/${name}.c`, ...libraries], {
    encoding: "utf8",
  });
  return built.status === 0 ? { path } : { missing: `${command} failed: ${built.stderr.trim().split("\n")[0]}` };
}

/**
 * A compiler with libbpf: of the install prefix in `BPFTS_BENCH_LIBBPF` (`include`, `lib/libbpf.a`), of
 * `scripts/peers.sh libbpf`, or of the system's libbpf-dev.
 */
function libbpfCompiler(): string[] | undefined {
  const prefix = process.env.BPFTS_BENCH_LIBBPF;
  if (prefix !== undefined) return ["gcc", `-I${prefix}/include`, `${prefix}/lib/libbpf.a`, "-lelf", "-lz"];
  if (existsSync(PEER_COMPILER)) return [PEER_COMPILER];
  return existsSync("/usr/include/bpf/libbpf.h") ? ["gcc", "-lbpf", "-lelf", "-lz"] : undefined;
}
