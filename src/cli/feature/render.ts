import type { KernelFeatures, ProbedFeature, Support, SystemSettings, TypeHelpers } from "../../kernel/index.ts";
import type { JsonValue } from "../output/json-writer.ts";

type Setting = keyof SystemSettings["settings"];
type Misc = KernelFeatures["misc"][number]["name"];

/** The line of each setting: what each value means, and what to print if it cannot be read. */
const SETTINGS: Readonly<
  Record<Setting, { readonly values: readonly string[]; readonly unknown: string; readonly other: string }>
> = {
  unprivileged_bpf_disabled: {
    values: [
      "bpf() syscall for unprivileged users is enabled",
      "bpf() syscall restricted to privileged users (without recovery)",
      "bpf() syscall restricted to privileged users (admin can change)",
    ],
    unknown: "Unable to retrieve required privileges for bpf() syscall",
    other: "bpf() syscall restriction has unknown value %",
  },
  bpf_jit_enable: {
    values: [
      "JIT compiler is disabled",
      "JIT compiler is enabled",
      "JIT compiler is enabled with debugging traces in kernel logs",
    ],
    unknown: "Unable to retrieve JIT-compiler status",
    other: "JIT-compiler status has unknown value %",
  },
  bpf_jit_harden: {
    values: [
      "JIT compiler hardening is disabled",
      "JIT compiler hardening is enabled for unprivileged users",
      "JIT compiler hardening is enabled for all users",
    ],
    unknown: "Unable to retrieve JIT hardening status",
    other: "JIT hardening status has unknown value %",
  },
  bpf_jit_kallsyms: {
    values: ["JIT compiler kallsyms exports are disabled", "JIT compiler kallsyms exports are enabled for root"],
    unknown: "Unable to retrieve JIT kallsyms export status",
    other: "JIT kallsyms exports status has unknown value %",
  },
  bpf_jit_limit: {
    values: [],
    unknown: "Unable to retrieve global memory limit for JIT compiler for unprivileged users",
    other: "Global memory limit for JIT compiler for unprivileged users is % bytes",
  },
};

const MISC: Readonly<Record<Misc, string>> = {
  large_insn_limit: "Large program size limit",
  bounded_loops: "Bounded loop support",
  v2_isa_extension: "ISA extension v2",
  v3_isa_extension: "ISA extension v3",
  v4_isa_extension: "ISA extension v4",
};

/** The only build option for which bpftool prints a macro. */
const MACRO_OPTION = "CONFIG_HZ";

/** What the text output says for each result of a probe. */
export const STATES: Readonly<Record<Support, string>> = {
  available: "is available",
  missing: "is NOT available",
  forbidden: "cannot be probed: not allowed",
};

/** Returns the text of `feature probe`. */
export function featuresText(features: KernelFeatures): string {
  const { system, programTypes, mapTypes, helpers, misc } = features;
  const types = (kind: string, probed: readonly ProbedFeature[]): string[] =>
    probed.map(({ name, support }) => `eBPF ${kind} ${name} ${STATES[support]}`);
  return sections([
    ["Scanning system configuration...", system && systemLines(system)],
    ["Scanning system call availability...", [`bpf() syscall ${stateOfBpf(features)}`]],
    ...afterBpf(features, [
      ["Scanning eBPF program types...", types("program_type", programTypes)],
      ["Scanning eBPF map types...", types("map_type", mapTypes)],
      ["Scanning eBPF helper functions...", helpers.flatMap(helperLines)],
      ["Scanning miscellaneous eBPF features...", misc.map(({ name, support }) => `${MISC[name]} ${STATES[support]}`)],
    ]),
  ]);
}

type Section = readonly [title: string, lines: readonly string[] | undefined];

function sections(all: readonly Section[]): string {
  return all
    .filter(([, lines]) => lines !== undefined)
    .map(([title, lines = []]) => `${[title, ...lines].join("\n")}\n\n`)
    .join("");
}

/** Returns the remaining sections; none if the kernel has no bpf(2), because then nothing else was probed. */
function afterBpf({ hasBpf }: KernelFeatures, rest: readonly Section[]): readonly Section[] {
  return hasBpf ? rest : [];
}

function stateOfBpf({ hasBpf }: KernelFeatures): string {
  return STATES[hasBpf ? "available" : "missing"];
}

function systemLines({ settings, config }: SystemSettings): string[] {
  const lines = Object.entries(SETTINGS).map(([name, { values, unknown, other }]) => {
    const value = settings[name as Setting];
    return value === undefined ? unknown : (values[value] ?? other.replace("%", String(value)));
  });
  for (const [name, value] of config ?? []) {
    lines.push(value === undefined ? `${name} is not set` : `${name} is set to ${value}`);
  }
  return lines;
}

function helperLines({ programType, support, helpers }: TypeHelpers): string[] {
  const found = helpers.filter((helper) => helper.support === "available");
  const lines = [`eBPF helpers supported for program type ${programType}:`, ...found.map(({ name }) => `\t- ${name}`)];
  if (found.length > 0) return lines;
  if (support === "forbidden") return [...lines, "\tProgram type cannot be probed: not allowed"];
  const why = support === "missing" ? "Program type not supported" : "Could not determine which helpers are available";
  return [...lines, `\t${why}`];
}

/** Returns the C macros of `feature probe macros`. */
export function featuresMacros(features: KernelFeatures, prefix: string): string {
  const { system, programTypes, mapTypes, helpers, misc } = features;
  const have = (name: string, support: Support): string => {
    if (support === "forbidden") return `/* ${prefix}HAVE_${name.toUpperCase()} cannot be probed: not allowed */`;
    return `#define ${prefix}${support === "available" ? "" : "NO_"}HAVE_${name.toUpperCase()}`;
  };
  return sections([
    ["/*** Misc kernel config items ***/", system && optionMacros(system, prefix)],
    ["/*** System call availability ***/", [have("bpf_syscall", features.hasBpf ? "available" : "missing")]],
    ...afterBpf(features, [
      ["/*** eBPF program types ***/", programTypes.map(({ name, support }) => have(`${name}_prog_type`, support))],
      ["/*** eBPF map types ***/", mapTypes.map(({ name, support }) => have(`${name}_map_type`, support))],
      [
        "/*** eBPF helper functions ***/",
        [helperMacroUse(prefix), ...helpers.flatMap((one) => helperMacros(one, prefix))],
      ],
      ["/*** eBPF misc features ***/", misc.map(({ name, support }) => have(name, support))],
    ]),
  ]);
}

function optionMacros({ config }: SystemSettings, prefix: string): string[] {
  if (config === undefined) return [];
  const value = config.get(MACRO_OPTION);
  const name = `${prefix}${MACRO_OPTION}`;
  return [value === undefined ? `/* ${name} is not set */` : `#define ${name} ${value}`];
}

function helperMacroUse(prefix: string): string {
  return `/*
 * Use ${prefix}HAVE_PROG_TYPE_HELPER(prog_type_name, helper_name)
 * to determine if <helper_name> is available for <prog_type_name>,
 * e.g.
 *\t#if ${prefix}HAVE_PROG_TYPE_HELPER(xdp, bpf_redirect)
 *\t\t// do stuff with this helper
 *\t#elif
 *\t\t// use a workaround
 *\t#endif
 */
#define ${prefix}HAVE_PROG_TYPE_HELPER(prog_type, helper)\t\\
\t${prefix}BPF__PROG_TYPE_ ## prog_type ## __HELPER_ ## helper`;
}

function helperMacros({ programType, helpers }: TypeHelpers, prefix: string): string[] {
  return helpers.map(({ name, support }) => {
    const macro = `${prefix}BPF__PROG_TYPE_${programType}__HELPER_${name}`;
    if (support === "forbidden") return `/* ${macro} cannot be probed: not allowed */`;
    return `#define ${macro} ${support === "available" ? 1 : 0}`;
  });
}

/** Returns the JSON of `feature probe`. A feature that may not be probed is `null`. */
export function featuresJson({ system, hasBpf, programTypes, mapTypes, helpers, misc }: KernelFeatures): JsonValue {
  const have = (probed: readonly ProbedFeature[], end: string): JsonValue =>
    Object.fromEntries(probed.map(({ name, support }) => [`have_${name}${end}`, stateJson(support)]));
  return {
    system_config: system && systemJson(system),
    syscall_config: { have_bpf_syscall: hasBpf },
    ...(hasBpf && {
      program_types: have(programTypes, "_prog_type"),
      map_types: have(mapTypes, "_map_type"),
      helpers: Object.fromEntries(helpers.map((one) => [`${one.programType}_available_helpers`, helpersJson(one)])),
      misc: have(misc, ""),
    }),
  };
}

/** Returns the JSON of the result of a probe: null if the feature may not be probed. */
export function stateJson(support: Support): JsonValue {
  return support === "forbidden" ? null : support === "available";
}

function systemJson({ settings, config }: SystemSettings): JsonValue {
  return {
    ...Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, settings[name as Setting] ?? -1])),
    ...Object.fromEntries([...(config ?? [])].map(([name, value]) => [name, value ?? null])),
  };
}

function helpersJson({ support, helpers }: TypeHelpers): JsonValue {
  if (support === "forbidden") return null;
  return helpers.filter((helper) => helper.support === "available").map(({ name }) => name);
}
