import { type KernelFeatures, kernelFeatures, PROBE_CAPABILITIES } from "../../kernel/index.ts";
import { capabilities, withoutCapabilities } from "../../sys/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { deviceByName } from "../handle/device.ts";
import { writeNote } from "../output/write.ts";
import { unexpectedWord, type Words } from "../words/words.ts";
import { featuresJson, featuresMacros, featuresText } from "./render.ts";

/** `bpfts feature probe [kernel | dev NAME] [full] [unprivileged] [macros [prefix PREFIX]]`. */
export const probeFeatures: Run = (words, options) => {
  const { ifindex, full, unprivileged, prefix } = takeProbe(words);
  const probe = (): KernelFeatures => kernelFeatures({ ifindex, full });
  const features = unprivileged ? withoutCapabilities(PROBE_CAPABILITIES, probe) : probeWithAllRights(probe);
  if (features.system !== undefined && features.system.config === undefined && !options.json) {
    writeNote("skipping kernel config, can't open file: No such file or directory");
  }
  return {
    text: () => [prefix === undefined ? featuresText(features) : featuresMacros(features, prefix)],
    json: () => featuresJson(features),
  };
};

function probeWithAllRights(probe: () => KernelFeatures): KernelFeatures {
  const held = capabilities();
  const missing = PROBE_CAPABILITIES.filter((name) => !held[name]);
  if (missing.length === 0) return probe();
  throw new CommandError(
    `missing ${missing.map((name) => `${name}, `).join("")}required for full feature probing; run as root or use 'unprivileged'`,
  );
}

interface Probe {
  component: "kernel" | "device" | undefined;
  ifindex: number | undefined;
  full: boolean;
  unprivileged: boolean;
  /** The prefix of C macros; empty for none, undefined if no macros are wanted. */
  prefix: string | undefined;
}

function takeProbe(words: Words): Probe {
  const probe: Probe = {
    component: undefined,
    ifindex: undefined,
    full: false,
    unprivileged: false,
    prefix: undefined,
  };
  while (words.left > 0) {
    if (words.takeKeyword("kernel")) {
      requireNoComponent(probe);
      probe.component = "kernel";
    } else if (words.takeKeyword("dev")) {
      requireNoComponent(probe);
      probe.component = "device";
      words.need(1);
      probe.ifindex = deviceByName(words.take("the name of a network device"));
    } else if (words.takeKeyword("full")) probe.full = true;
    else if (probe.prefix === undefined && words.takeKeyword("macros")) probe.prefix = "";
    else if (words.takeKeyword("prefix")) takePrefix(words, probe);
    else if (words.takeKeyword("unprivileged")) probe.unprivileged = true;
    else throw unexpectedWord(["kernel", "dev", "macros", "prefix"], words, { mayEnd: true });
  }
  return probe;
}

function requireNoComponent({ component }: Probe): void {
  if (component !== undefined) throw new CommandError("component to probe already specified");
}

function takePrefix(words: Words, probe: Probe): void {
  if (probe.prefix === undefined) throw new CommandError("'prefix' argument can only be use after 'macros'");
  if (probe.prefix !== "") throw new CommandError("'prefix' already defined");
  words.need(1);
  probe.prefix = words.take("a prefix");
}
