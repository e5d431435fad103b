import { progAttach, progDetach, xdpAttach } from "../../sys/index.ts";
import { BpfAttachFlag, BpfAttachType, XdpFlag } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError, EXIT_INVALID } from "../failure/command-error.ts";
import { exitingWith, failedTo } from "../failure/reason.ts";
import { takeProgram } from "../handle/program.ts";
import { done } from "../output/answer.ts";
import { begins, unexpectedWord, type Words } from "../words/words.ts";
import { indexOfDevice, takeDeviceName } from "./device.ts";

/** An attach type of `net attach`: a mode of XDP, or the ingress or egress list of tcx. */
type NetAttachType = { readonly name: string } & ({ readonly xdpFlags: number } | { readonly tcx: BpfAttachType });

const TYPES: readonly NetAttachType[] = [
  { name: "xdp", xdpFlags: 0 },
  { name: "xdpgeneric", xdpFlags: XdpFlag.XDP_FLAGS_SKB_MODE },
  { name: "xdpdrv", xdpFlags: XdpFlag.XDP_FLAGS_DRV_MODE },
  { name: "xdpoffload", xdpFlags: XdpFlag.XDP_FLAGS_HW_MODE },
  { name: "tcx_ingress", tcx: BpfAttachType.BPF_TCX_INGRESS },
  { name: "tcx_egress", tcx: BpfAttachType.BPF_TCX_EGRESS },
];

const INVALID = { exitCode: EXIT_INVALID };

/** `bpfts net attach ATTACH_TYPE PROG dev NAME [overwrite | prepend]`. */
export const attachToDevice: Run = (words) => {
  words.need(5, INVALID);
  const type = takeType(words);
  using program = exitingWith(EXIT_INVALID, () => takeProgram(words));
  const ifindex = indexOfDevice(takeDeviceName(words, INVALID), INVALID);
  const mode = takeMode(words, type);
  try {
    if ("tcx" in type) {
      progAttach(program.number, ifindex, type.tcx, {
        attach_flags: mode === "prepend" ? BpfAttachFlag.BPF_F_BEFORE : 0,
      });
    } else {
      const flags = mode === "overwrite" ? type.xdpFlags : type.xdpFlags | XdpFlag.XDP_FLAGS_UPDATE_IF_NOEXIST;
      xdpAttach(program.number, ifindex, { flags });
    }
  } catch (error) {
    throw failedTo(`interface ${type.name} attach failed`, error, { errnoExit: true });
  }
  return done;
};

/** `bpfts net detach ATTACH_TYPE dev NAME`. */
export const detachFromDevice: Run = (words) => {
  words.need(3, INVALID);
  const type = takeType(words);
  const ifindex = indexOfDevice(takeDeviceName(words, INVALID), INVALID);
  words.end();
  try {
    if ("tcx" in type) progDetach(undefined, ifindex, type.tcx);
    else xdpAttach(-1, ifindex, { flags: type.xdpFlags });
  } catch (error) {
    throw failedTo(`interface ${type.name} detach failed`, error, { errnoExit: true });
  }
  return done;
};

function takeType(words: Words): NetAttachType {
  const word = words.take("an attach type");
  const exact = TYPES.find(({ name }) => name === word);
  if (exact !== undefined) return exact;
  const fits = TYPES.filter(({ name }) => begins(word, name));
  const [first] = fits;
  if (first === undefined) {
    const typo = { word, names: TYPES.map(({ name }) => name) };
    throw new CommandError(`invalid net attach/detach type: ${word}`, { ...INVALID, typo });
  }
  if (fits.length === 1) return first;
  const candidates = fits.map(({ name }) => `'${name}'`).join(", ");
  throw new CommandError(`net attach/detach type '${word}' could be ${candidates}: write it in full`, INVALID);
}

/** Takes the optional word after the device. */
function takeMode(words: Words, type: NetAttachType): "overwrite" | "prepend" | undefined {
  if (words.left === 0) return undefined;
  if (words.takeKeyword("overwrite")) {
    if ("tcx" in type) throw new CommandError("'overwrite' is only supported for xdp types", INVALID);
    words.end();
    return "overwrite";
  }
  if (words.takeKeyword("prepend")) {
    if (!("tcx" in type)) throw new CommandError("'prepend' is only supported for tcx_ingress/tcx_egress", INVALID);
    words.end();
    return "prepend";
  }
  throw unexpectedWord(["overwrite", "prepend"], words, INVALID);
}
