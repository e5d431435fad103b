/** The method that `util.inspect()` and `console.log()` call to show an object. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** `util.inspect`, as it passes itself to that method. */
export type Inspect = (value: unknown, options: object) => string;

/** Shows a live object: the name of its class and the fields that tell it apart. */
export function inspectObject(className: string, fields: object, options: object, inspect: Inspect): string {
  return `${className} ${inspect(fields, options)}`;
}
