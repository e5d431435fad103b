import { type OwnedFd, progAttach, progDetach } from "../../sys/index.ts";
import { attachTypeName, BpfAttachType } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError, EXIT_INVALID } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { takeMap } from "../handle/map.ts";
import { pinHandle } from "../handle/pin.ts";
import { takeProgram } from "../handle/program.ts";
import { type Answer, done } from "../output/answer.ts";
import { begins, type Words } from "../words/words.ts";

/** The attach types. `old` is bpftool's older name, which users may shorten. */
const TYPES = [
  { type: BpfAttachType.BPF_SK_SKB_STREAM_PARSER, old: "stream_parser" },
  { type: BpfAttachType.BPF_SK_SKB_STREAM_VERDICT, old: "stream_verdict" },
  { type: BpfAttachType.BPF_SK_MSG_VERDICT, old: "msg_verdict" },
  { type: BpfAttachType.BPF_FLOW_DISSECTOR, old: undefined },
  { type: BpfAttachType.BPF_SK_SKB_VERDICT, old: "skb_verdict" },
] as const;

/** `bpfts prog attach PROG ATTACH_TYPE [MAP]`. */
export const attachProgram: Run = (words) =>
  changeAttachment(words, "attach to", (program, target, type) => progAttach(program, target, type));

/** `bpfts prog detach PROG ATTACH_TYPE [MAP]`. */
export const detachProgram: Run = (words) =>
  changeAttachment(words, "detach from", (program, target, type) => progDetach(program, target, type));

function changeAttachment(
  words: Words,
  doing: string,
  act: (program: number, target: number, type: BpfAttachType) => void,
): Answer {
  words.need(3, { exitCode: EXIT_INVALID });
  using program = takeProgram(words);
  const type = takeType(words);
  // A flow dissector is attached to the network namespace of this process, so there is no map.
  const isFlowDissector = type === BpfAttachType.BPF_FLOW_DISSECTOR;
  if (!isFlowDissector) words.need(2, { exitCode: EXIT_INVALID });
  using map: OwnedFd | undefined = isFlowDissector ? undefined : takeMap(words);
  words.end();
  try {
    act(program.number, map?.number ?? 0, type);
  } catch (error) {
    const target = isFlowDissector ? "this network namespace" : "the map";
    throw failedTo(`failed to ${doing} ${target} as ${attachTypeName(type)}`, error, { exitCode: EXIT_INVALID });
  }
  return done;
}

function takeType(words: Words): BpfAttachType {
  const word = words.take("an attach type");
  const found =
    TYPES.find(({ type }) => attachTypeName(type) === word) ??
    TYPES.find(({ old }) => old !== undefined && begins(word, old));
  if (found !== undefined) return found.type;
  const names = TYPES.map(({ type }) => attachTypeName(type) ?? "");
  throw new CommandError(`invalid attach/detach type '${word}': it is one of ${names.join(", ")}`, {
    exitCode: EXIT_INVALID,
    typo: { word, names },
  });
}

/** `bpfts prog pin PROG FILE`. */
export const pinProgram: Run = (words, options) => pinHandle(words, options, takeProgram, EXIT_INVALID);
