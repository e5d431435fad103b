/** The method that `util.inspect()` and `console.log()` call to show an object. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** The function `util.inspect`, which it passes to that method. */
export type Inspect = (value: unknown, options: object) => string;

/** Formats a live object: the name of its class, and the fields that identify it. */
export function inspectObject(className: string, fields: object, options: object, inspect: Inspect): string {
  return `${className} ${inspect(fields, options)}`;
}
