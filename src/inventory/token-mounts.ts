import { mounts } from "../sys/index.ts";

/**
 * A mounted bpffs from which a process in its user namespace can create a BPF token. Each list contains names of what
 * the token allows, or only `any`.
 */
export interface TokenMount {
  readonly path: string;
  readonly commands: readonly string[];
  readonly mapTypes: readonly string[];
  readonly programTypes: readonly string[];
  readonly attachTypes: readonly string[];
}

/** Lists the mounted bpffs with an option `delegate_*` (6.9), in the order in which they were mounted. */
export function tokenMounts(): TokenMount[] {
  return mounts().flatMap(({ type, path, superOptions }) => {
    if (!type.startsWith("bpf")) return [];
    const delegated = new Map(
      superOptions.flatMap((option) => {
        const [, name, value = ""] = /^delegate_(\w+)=(.*)$/.exec(option) ?? [];
        return name === undefined ? [] : [[name, value.split(":").filter((word) => word !== "")] as const];
      }),
    );
    if (delegated.size === 0) return [];
    const list = (name: string): readonly string[] => delegated.get(name) ?? [];
    return [
      {
        path,
        commands: list("cmds"),
        mapTypes: list("maps"),
        programTypes: list("progs"),
        attachTypes: list("attachs"),
      },
    ];
  });
}
