/** Maps the constants of an enum to their text names and back. */
export interface ConstantNames {
  /** Returns the text name of a number; undefined for an unknown number. */
  name(value: number): string | undefined;
  /** Returns the number of a text name; undefined for an unknown name. */
  value(name: string): number | undefined;
}

/**
 * Names constants as libbpf does: without their common prefix and in lower case, so that BPF_LINK_TYPE_XDP is `xdp`. A
 * constant that ends in _DEPRECATED is skipped, because it has the number of another constant.
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

/** Returns the names of the numbers 0, 1, 2 and so on, up to the first number that has no name. */
export function namesInOrder(nameOf: (value: number) => string | undefined): string[] {
  const names: string[] = [];
  for (let name = nameOf(0); name !== undefined; name = nameOf(names.length)) names.push(name);
  return names;
}
