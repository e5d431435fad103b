import { type HookFeature, probeHooks, probeKfuncs } from "../../kernel/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { STATES, stateJson } from "./render.ts";

/** `bpfts feature kfuncs`. bpftool does not have this command. */
export const listKfuncs: Run = (words) => {
  words.end();
  const types = probeKfuncs();
  if (types === undefined) {
    throw new CommandError(
      "the kernel's BTF does not say which functions are kfuncs, because the kernel was built with a pahole older than 1.26",
    );
  }
  const found = types.map(({ programType, kfuncs }) => ({
    programType,
    isKnown: kfuncs.every(({ support }) => support !== undefined),
    isAllowed: kfuncs.every(({ support }) => support !== "forbidden"),
    kfuncs: kfuncs.filter(({ support }) => support === "available"),
  }));
  return {
    text: () =>
      found.map(({ programType, isKnown, isAllowed, kfuncs }) => {
        const names = kfuncs.map(({ name, module }) => (module === undefined ? name : `${name} [${module}]`));
        const none = isKnown ? (isAllowed ? "none" : STATES.forbidden) : "cannot be probed without an attach target";
        const lines = names.length === 0 ? [`\t${none}`] : names.map((name) => `\t- ${name}`);
        return `${[`kfuncs for program type ${programType}:`, ...lines].join("\n")}\n`;
      }),
    json: () =>
      Object.fromEntries(
        found.map(({ programType, isKnown, isAllowed, kfuncs }) => [
          programType,
          isKnown && isAllowed ? kfuncs.map(({ name, module }) => ({ name, module })) : null,
        ]),
      ),
  };
};

const SOURCES: Readonly<Record<HookFeature["source"], string>> = {
  probe: "probed",
  config: "by the kernel's build options",
  btf: "by the kernel's BTF",
};

/** `bpfts feature hooks`. bpftool does not have this command. */
export const listHooks: Run = (words) => {
  words.end();
  const { attachTypes, linkTypes } = probeHooks();
  const lines = (kind: string, hooks: readonly HookFeature[]): string[] =>
    hooks.map(({ name, support, source }) => `eBPF ${kind} ${name} ${STATES[support]} (${SOURCES[source]})\n`);
  const json = (hooks: readonly HookFeature[]): JsonValue =>
    Object.fromEntries(hooks.map(({ name, support, source }) => [name, { have: stateJson(support), source }]));
  return {
    text: () => [...lines("attach_type", attachTypes), ...lines("link_type", linkTypes)],
    json: () => ({ attach_types: json(attachTypes), link_types: json(linkTypes) }),
  };
};
