import type { Kind } from "./kind.ts";

/** The kind for a log whose reason is not in the table. */
export const UNKNOWN_KIND: Kind = {
  code: "BPF-E0001",
  name: "unknown-message",
  class: "unknown",
  title: "bpfts does not know this message of the verifier",
  meaning:
    "bpfts has no explanation for this message. The diagnosis shows the kernel's own lines and the refused instruction.",
  patterns: [],
  what: ["bpfts does not know this message. The kernel says: {message}"],
  remedies: [
    "Read the kernel's lines and the instruction that they are about.",
    "Report the log, so that a later version of bpfts can explain the message.",
  ],
  confidence: "unknown",
};

export const NO_REASON_KIND: Kind = {
  code: "BPF-E0002",
  name: "no-reason",
  class: "unknown",
  title: "The log ends before the verifier gives its reason",
  meaning:
    "The reason is the last thing that the verifier prints. The text was cut before it, or the log buffer was too small.",
  patterns: [],
  what: ["The log ends before the verifier gives its reason."],
  remedies: [
    "Give the end of the log: the lines before 'processed N insns'.",
    "Load the program with 'bpfts prog load', which always gets the whole end of the log.",
  ],
  confidence: "unknown",
};
