import { UsageError } from "../errors/index.ts";
import { nearNames, ownValue } from "../layout/index.ts";

/** The most names that an error lists. */
const MOST_NAMES = 20;

/**
 * Returns the program, map or variable of this name. If there is none, throws UsageError, which lists the names that
 * exist.
 *
 * @param owner the object that should have the member, for the error: `object counter`
 * @param kind the kind of member, for the error: `program`
 */
export function memberNamed<T>(owner: string, kind: string, members: Readonly<Record<string, T>>, name: string): T {
  const found = ownValue(members, name);
  if (found === undefined) throw noMember(owner, kind, Object.keys(members), name);
  return found;
}

function noMember(owner: string, kind: string, names: readonly string[], name: string): UsageError {
  const [near] = nearNames(name, names);
  const meant = near === undefined ? "" : ` (did you mean ${near}?)`;
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  const list = names.length === 0 ? `no ${kind}s` : names.slice(0, MOST_NAMES).join(", ") + more;
  return new UsageError(`${owner} has no ${kind} ${name}${meant}; it has ${list}`);
}
