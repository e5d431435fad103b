import { type OptionTable, objectFds } from "../kernel/index.ts";
import { btfInfo, mapInfo, progHead } from "../sys/index.ts";
import { BpfMapFlag } from "../uapi/index.ts";
import { HashChains } from "./hash-chains.ts";
import { checkDescribeOptions, type DescribeOptions, findHolders, type Owners } from "./owners.ts";

/** A BTF object in the kernel, with the programs, maps and processes that use it, as plain data. */
export interface BtfDescription extends Pick<Owners, "holders"> {
  readonly id: number;
  /** `vmlinux` or the name of a module. Empty for the BTF of programs and maps. */
  readonly name: string;
  /** The size of the raw BTF in bytes. */
  readonly size: number;
  /** True if the BTF describes the kernel or one of its modules. Always false before Linux 5.11. */
  readonly isKernel: boolean;
  /** The ids of the programs that were loaded with this BTF, in bpftool's order. */
  readonly programIds: readonly number[];
  /** The ids of the maps that were created with this BTF, in bpftool's order. */
  readonly mapIds: readonly number[];
}

const BTF_OPTIONS: OptionTable<Omit<DescribeOptions, "pins">> = { fds: "any", holders: "any" };

/**
 * Describes the BTF objects in the kernel, one after another: the kernel's own BTF, the BTF of each module, and the BTF
 * of programs and maps. Skips objects that disappear during the call. BTF objects cannot be pinned. Needs
 * CAP_SYS_ADMIN.
 */
export function* describeBtfObjects(
  options: Omit<DescribeOptions, "pins"> = {},
): Generator<BtfDescription, void, undefined> {
  checkDescribeOptions("describeBtfObjects", options, BTF_OPTIONS);
  const programs = new HashChains<number>();
  for (const fd of objectFds("program")) {
    const { id, btf_id } = progHead(fd);
    if (btf_id !== 0) programs.add(btf_id, id);
  }
  const maps = new HashChains<number>();
  for (const fd of objectFds("map", { open_flags: BpfMapFlag.BPF_F_RDONLY })) {
    const { id, btf_id } = mapInfo(fd);
    if (btf_id !== 0) maps.add(btf_id, id);
  }
  const holdersOf = findHolders("btf", options.holders);
  for (const fd of options.fds ?? objectFds("btf")) {
    const { id, name, btf_size: size, kernel_btf: isKernel } = btfInfo(fd);
    yield { id, name, size, isKernel, programIds: programs.get(id), mapIds: maps.get(id), holders: holdersOf(id) };
  }
}
