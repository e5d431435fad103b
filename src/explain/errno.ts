import { type Diagnosis, Errno, errnoName, errnoText } from "../errors/index.ts";
import { ownValue } from "../layout/index.ts";
import { BpfCmd } from "../uapi/index.ts";
import { diagnosisOf } from "./diagnosis-of.ts";
import { causesByCommand, generalCauses } from "./errno-causes.ts";

/** What an errno of a bpf(2) command means. */
export interface ErrnoExplanation {
  /** The command: `BPF_MAP_CREATE`. */
  readonly call: string;
  readonly errno: number;
  /** The name of the errno, such as `EINVAL`. */
  readonly name: string;
  /** The C library's text for the errno. */
  readonly text: string;
  /** The known causes for this command, the most frequent one first. If none are known, the causes for any command. */
  readonly causes: readonly string[];
  /** True if the causes are specific to this command. */
  readonly isSpecific: boolean;
}

/**
 * Explains the errno of a bpf(2) command. `call` is the command's name, with or without `BPF_`, in upper or lower case.
 * `errno` is a name or a number. Returns undefined if there is no such command or errno.
 */
export function explainErrno(call: string, errno: string): ErrnoExplanation | undefined {
  const command = `BPF_${call.toUpperCase().replace(/^BPF_/, "")}`;
  const number = errnoNumber(errno);
  if (!Object.hasOwn(BpfCmd, command) || number === undefined) return undefined;
  const name = errnoName(number);
  const specific = ownValue(ownValue(causesByCommand(), command), name);
  return {
    call: command,
    errno: number,
    name,
    text: errnoText(number),
    causes: specific ?? ownValue(generalCauses(), name) ?? [],
    isSpecific: specific !== undefined,
  };
}

/**
 * Returns the diagnosis of a failed system call for which no more exact diagnosis exists. `call` is the name of the
 * call in a SyscallError: `bpf(BPF_MAP_CREATE)`. Returns undefined for system calls other than bpf(2).
 */
export function diagnoseErrno(call: string, errno: number): Diagnosis | undefined {
  const command = commandOf(call);
  const found = command === undefined ? undefined : explainErrno(command, errnoName(errno));
  if (found === undefined) return undefined;
  return diagnosisOf(
    "call-refused",
    { call: found.call, errno: found.name, text: found.text },
    { found: found.causes.map((cause) => `a known cause: ${cause.charAt(0).toLowerCase()}${cause.slice(1)}`) },
  );
}

/** Returns the command of bpf(2) in the name of a call: `BPF_MAP_CREATE` for `bpf(BPF_MAP_CREATE)`. */
export function commandOf(call: string): string | undefined {
  return /^bpf\((BPF_\w+)\)$/.exec(call)?.[1];
}

function errnoNumber(word: string): number | undefined {
  const digits = /^-?(\d{1,3})$/.exec(word)?.[1];
  if (digits !== undefined) {
    const number = Number(digits);
    return errnoName(number).startsWith("E") ? number : undefined;
  }
  return ownValue<number>(Errno, word.toUpperCase());
}
