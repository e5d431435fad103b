/** Text names by number. */
export function nameTable(names: Readonly<Record<string, number>>): readonly (string | undefined)[] {
  const table: (string | undefined)[] = [];
  for (const [name, value] of Object.entries(names)) table[value] = name;
  return table;
}

/** Numbers by text name. */
export function valueTable(names: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(names));
}
