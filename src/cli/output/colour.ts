/** Returns true if the stream is a terminal that shows colours, and the user has not turned colours off. */
export function showsColours(stream: NodeJS.WriteStream = process.stdout): boolean {
  return stream.isTTY === true && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";
}

/** Returns a function that sets a text in a colour. `code` is the number of an ANSI escape sequence, such as `1;31`. */
export function colour(code: string): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}
