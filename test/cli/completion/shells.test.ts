import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createMap } from "../../../src/map/index.ts";
import { withDirectory } from "../../support/directory.ts";
import { lacking } from "../../support/feature.ts";
import { COMMAND } from "../run.ts";

/** A terminal with a shell in it, in which `bpfts` is the command as it is published. */
class Terminal {
  readonly #socket: string;
  constructor(t: TestContext, shell: string) {
    // This runs before the directory with the socket is removed.
    t.after(() => this.#end());
    const directory = withDirectory(t);
    this.#socket = join(directory, "tmux");
    const command = join(directory, "bpfts");
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${COMMAND}" "$@"\n`);
    chmodSync(command, 0o755);
    const { TMUX: _, ...rest } = process.env;
    const env = { ...rest, HOME: directory, PATH: `${directory}:${process.env.PATH}`, TERM: "screen" };
    const size = ["-x", "160", "-y", "50"];
    const args = ["-S", this.#socket, "-f", "/dev/null", "new-session", "-d", ...size, shell];
    execFileSync("tmux", args, { env });
  }

  /** Ends the shell and waits until it is gone: a shell that is told to end may still write files, a history for one. */
  async #end(): Promise<void> {
    const shell = this.#tmux("list-panes", "-a", "-F", "#{pane_pid}").trim();
    this.#tmux("kill-server");
    while (existsSync(`/proc/${shell}`)) await sleep(20);
  }

  #tmux(...args: string[]): string {
    return execFileSync("tmux", ["-S", this.#socket, ...args], { encoding: "utf8" });
  }

  type(text: string): void {
    this.#tmux("send-keys", "-l", text);
  }

  press(key: string): void {
    this.#tmux("send-keys", key);
  }

  /** Waits until the screen shows this. */
  async shows(wanted: RegExp): Promise<void> {
    let screen = "";
    for (let i = 0; i < 600; i++) {
      screen = this.#tmux("capture-pane", "-p", "-J");
      if (wanted.test(screen)) return;
      await sleep(50);
    }
    assert.match(screen, wanted);
  }
}

const SHELLS = [
  { name: "bash", start: "bash --norc -i", load: "PS1='ready> '; source <(bpfts completion bash)" },
  {
    name: "zsh",
    start: "zsh -f -i",
    load: "PS1='ready> '; autoload -U compinit; compinit -u; source <(bpfts completion zsh)",
  },
  {
    name: "fish",
    start: "fish --no-config -i",
    load: "function fish_prompt; echo 'ready> '; end; bpfts completion fish | source",
  },
] as const;

for (const { name, start, load } of SHELLS) {
  const skip = lacking("tool:tmux", `tool:${name}`);
  test(`${name} completes commands, and the names of maps that are there`, { skip }, async (t) => {
    const mapName = `tabbed_${process.pid}`;
    using _ = createMap({ type: "array", name: mapName, keySize: 4, valueSize: 4, maxEntries: 1 });
    const terminal = new Terminal(t, start);
    terminal.type(load);
    terminal.press("Enter");
    await terminal.shows(/^ready> *$/m);
    terminal.type("bpfts prog tra");
    terminal.press("Tab");
    await terminal.shows(/bpfts prog tracelog /);
    terminal.press("C-c");
    terminal.type("bpfts map dump name tabbed_");
    terminal.press("Tab");
    await terminal.shows(new RegExp(`bpfts map dump name ${mapName}`));
  });
}
