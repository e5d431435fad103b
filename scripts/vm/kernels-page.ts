import type { Feature, MachineCondition } from "../../src/kernel/features/table.ts";

const AREAS: Readonly<Record<string, string>> = {
  attach: "Attaching",
  link: "Links",
  cookie: "Cookies",
  info: "Information about links",
  order: "Order among programs",
  query: "Queries",
  iter: "Iterators",
  prog: "Programs",
  run: "Test runs",
  map: "Maps",
  insn: "Instructions",
  call: "Calls",
  btf: "BTF",
};

const MACHINE: Readonly<Record<MachineCondition, string>> = {
  trampoline: "a lockdown that allows BPF trampolines",
  lsm: "`bpf` in the kernel's list of security modules (`lsm=…,bpf`)",
  counters: "a processor with counters: most virtual machines have none",
  element_iterators: "a kernel whose vendor does not refuse iterators over a map's elements",
};

const HEAD = `# What works on which kernel

<!-- Made by \`npm run docs:kernels\` from src/kernel/features; a test compares the two. -->

bpfts needs Linux 5.10 or newer with BTF (\`CONFIG_DEBUG_INFO_BTF\`). The tables list the features that only some of these
kernels have. All of these kernels have hash and array maps, ring buffers, programs for XDP, sockets, tracepoints and
cgroups, and links to cgroups, XDP, network namespaces, raw tracepoints and iterators.

The column \`from\` has the first upstream version with the feature. Distributions also bring features to older kernels. So
bpfts always tries first, and uses these tables only to explain why the kernel refused. The column \`needs\` has the build
options and other conditions of the feature. The tests run on Debian's kernels 5.10, 6.1, 6.12 and 7.2 (docs/testing.md).
A test is skipped if it needs a feature that the kernel does not have according to these tables.
`;

/** Returns the text of docs/kernels.md. */
export function kernelsPage(features: Readonly<Record<string, Feature>>): string {
  const parts = [HEAD];
  for (const [area, title] of Object.entries(AREAS)) {
    const rows = Object.entries(features).filter(([name]) => name.startsWith(`${area}:`));
    if (rows.length === 0) continue;
    parts.push(`## ${title}\n`);
    const lines = rows
      .map(([name, feature]) => ({ name, feature, order: versionOrder(feature.since) }))
      .sort((a, b) => a.order - b.order)
      .map(({ name, feature }) => `| ${feature.what} | ${feature.since ?? "5.10"} | ${needs(feature)} | \`${name}\` |`);
    parts.push(`| what | from | needs | name |\n| --- | --- | --- | --- |\n${lines.join("\n")}\n`);
  }
  return parts.join("\n");
}

/** Returns the areas for which the page has a heading. */
export function pageAreas(): readonly string[] {
  return Object.keys(AREAS);
}

function needs({ config = [], machine }: Feature): string {
  const all = config.map((option) => `\`${option}\``);
  if (machine !== undefined) all.push(MACHINE[machine]);
  return all.join(", ");
}

function versionOrder(since = "5.10"): number {
  const [major = 0, minor = 0] = since.split(".").map(Number);
  return major * 1000 + minor;
}
