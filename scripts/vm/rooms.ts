import { readFileSync } from "node:fs";

/** A row of the table of rooms. */
interface Room {
  readonly name: string;
  /** True if the room does not need the kernel. */
  readonly pure: boolean;
}

/** The rooms below src, in the order in which they may import. */
export const ROOMS: readonly Room[] = JSON.parse(readFileSync("scripts/rooms.json", "utf8"));
