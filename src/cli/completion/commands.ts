import type { ObjectEntry } from "../command/command.ts";
import { HELP } from "../command/command.ts";

/** `bpfts completion`, which bpftool does not have. */
export const completion: ObjectEntry = {
  name: "completion",
  summary: "print a script that completes words in bash, zsh or fish",
  commands: [
    HELP,
    {
      name: "bash",
      syntax: [""],
      summary: "print the completion script for bash",
      help: () => ({
        examples: [
          ["bpfts completion bash > /etc/bash_completion.d/bpfts", "complete words in every bash from now on"],
        ],
        notes: ["For one shell only: source <(bpfts completion bash). The ids and names of objects need root."],
      }),
      run: async () => (await import("./shell-scripts.ts")).bashScript,
    },
    {
      name: "zsh",
      syntax: [""],
      summary: "print the completion script for zsh",
      help: () => ({
        examples: [
          [
            "bpfts completion zsh > /usr/local/share/zsh/site-functions/_bpfts",
            "complete words in every zsh from now on",
          ],
        ],
      }),
      run: async () => (await import("./shell-scripts.ts")).zshScript,
    },
    {
      name: "fish",
      syntax: [""],
      summary: "print the completion script for fish",
      help: () => ({
        examples: [
          ["bpfts completion fish > /etc/fish/completions/bpfts.fish", "complete words in every fish from now on"],
        ],
      }),
      run: async () => (await import("./shell-scripts.ts")).fishScript,
    },
    {
      name: "words",
      hidden: true,
      syntax: ["SHELL -- WORD..."],
      summary: "print the words that may come next",
      run: async () => (await import("./words.ts")).completeWords,
    },
  ],
};
