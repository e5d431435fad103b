/** The text names of an enum's constants, and the way back. */
export interface ConstantNames {
  /** The text name of a number; undefined for a number without one. */
  name(value: number): string | undefined;
  /** The number of a text name; undefined for an unknown one. */
  value(name: string): number | undefined;
}

/**
 * Names constants as libbpf does: without their common prefix and in lower case, so that BPF_LINK_TYPE_XDP is `xdp`. A
 * constant that ends in _DEPRECATED is another spelling of one that has a name.
 */
export function constantNames(constants: Readonly<Record<string, number>>, prefix: string): ConstantNames {
  const byValue: (string | undefined)[] = [];
  const byName = new Map<string, number>();
  for (const [constant, value] of Object.entries(constants)) {
    if (constant.endsWith("_DEPRECATED")) continue;
    const name = constant.slice(prefix.length).toLowerCase();
    byValue[value] = name;
    byName.set(name, value);
  }
  return { name: (value) => byValue[value], value: (name) => byName.get(name) };
}
