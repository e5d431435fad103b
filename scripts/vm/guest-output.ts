import { MARK } from "./guest-init.ts";

/** What the guest has printed so far. */
export interface GuestState {
  /** How many seconds after boot the command began; undefined before that. */
  readonly uptime?: number;
  /** The command's exit code; undefined before the command has ended. */
  readonly exitCode?: number;
  /** A gzipped tar archive of /out, in base64. */
  readonly files?: string;
}

/**
 * Separates the output on the guest's console. Passes text of the firmware and the kernel from before the command to
 * `boot`, and the command's output to `text` at once. Lines that begin with {@link MARK} change the state.
 */
export class GuestOutput {
  readonly #text: (text: string) => void;
  readonly #boot: (text: string) => void;
  #state: { uptime?: number; exitCode?: number; files?: string } = {};
  #part: "boot" | "text" | "files" | "end" = "boot";
  #held = "";

  constructor(text: (text: string) => void, boot: (text: string) => void) {
    this.#text = text;
    this.#boot = boot;
  }

  get state(): GuestState {
    return this.#state;
  }

  add(chunk: string): void {
    let rest = this.#held + chunk;
    this.#held = "";
    for (;;) {
      const mark = rest.indexOf(MARK);
      if (mark < 0) {
        this.#take(rest);
        return;
      }
      this.#take(rest.slice(0, mark));
      const end = rest.indexOf("\n", mark);
      if (end < 0) {
        this.#held = rest.slice(mark);
        return;
      }
      this.#line(rest.slice(mark + 1, end).trim());
      rest = rest.slice(end + 1);
    }
  }

  #take(text: string): void {
    if (text === "") return;
    if (this.#part === "boot") this.#boot(text);
    else if (this.#part === "text") this.#text(text);
    else if (this.#part === "files") this.#state.files = (this.#state.files ?? "") + text;
  }

  #line(line: string): void {
    const [word, value] = line.split(" ");
    if (word === "begin") {
      this.#state.uptime = Number(value);
      this.#part = "text";
    } else if (word === "exit") {
      this.#state.exitCode = Number(value);
      this.#part = "end";
    } else if (word === "files") {
      this.#part = "files";
    } else {
      this.#part = "end";
    }
  }
}
