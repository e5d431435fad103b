import {
  type BasicBlock,
  controlFlowGraph,
  type Edge,
  type FlowFunction,
  type ListingOptions,
  type SourceLine,
  type SymbolResolver,
  type XlatedRecord,
  xlatedRecords,
} from "../../asm/index.ts";
import { formatHex } from "../../layout/index.ts";
import type { LoadedInstructions } from "../../program/index.ts";
import { escapeLine } from "../output/terminal-text.ts";

const ENTRY = 0;
const EXIT = 1;
/** The number of the first block. The numbers 0 and 1 are ENTRY and EXIT. */
const FIRST_BLOCK = 2;
/** The most characters of a path. A longer path is cut at a slash. */
const MAX_PATH = 32;
const EDGE = 'style="solid,bold", color=black, weight=10, constraint=true';
/** The end of a left-aligned row in a DOT label, followed by a line break in the DOT file. */
const ROW = "\\l\\\n";

/** Formats a program's control flow in the DOT language, as `bpftool prog dump xlated … visual` does. */
export function graphText(loaded: LoadedInstructions, options: ListingOptions): string {
  const rows = rowsOf(loaded, loaded.names, options);
  let text = 'digraph "DOT graph for eBPF program" {\n';
  for (const fn of controlFlowGraph(loaded.program.instructions)) text += functionText(fn, rows);
  return `${text}}\n`;
}

function functionText(fn: FlowFunction, rows: (fn: FlowFunction, block: BasicBlock) => string): string {
  const node = (block: number): string => `fn_${fn.index}_bb_${block}`;
  let text = `subgraph "cluster_${fn.index}" {\n\tstyle="dashed";\n\tcolor="black";\n\tlabel="func_${fn.index} ()";\n`;
  const draw = (block: number, shape: string, label: string): void => {
    text += `\t${node(block)} [shape=${shape},style=filled,label="${label}"];\n\n`;
  };
  draw(ENTRY, "Mdiamond", "ENTRY");
  fn.blocks.forEach((block, i) => {
    draw(i + FIRST_BLOCK, "record", `{\\\n${rows(fn, block)}}`);
  });
  draw(EXIT, "Mdiamond", "EXIT");
  const connect = (from: number, to: number, style: string): void => {
    text += `\t${node(from)}:s -> ${node(to)}:n [${style}];\n`;
  };
  connect(ENTRY, FIRST_BLOCK, EDGE);
  fn.blocks.forEach((block, i) => {
    for (const edge of block.successors) {
      const target = targetOf(edge);
      if (target !== undefined) connect(i + FIRST_BLOCK, target, EDGE);
    }
  });
  // This edge is invisible. It keeps EXIT below ENTRY.
  connect(ENTRY, EXIT, 'style="invis", constraint=true');
  return `${text}}\n`;
}

function targetOf(edge: Edge): number | undefined {
  switch (edge.kind) {
    case "next":
    case "jump":
      return edge.block + FIRST_BLOCK;
    case "exit":
      return EXIT;
    default:
      return undefined;
  }
}

function rowsOf(
  { program }: LoadedInstructions,
  names: SymbolResolver,
  options: ListingOptions,
): (fn: FlowFunction, block: BasicBlock) => string {
  const records = [...xlatedRecords({ instructions: program.instructions }, names)];
  const indexOf = new Map(records.map(({ slot }, i) => [slot, i]));
  const protos = new Map(program.functions?.map(({ slot, proto }) => [slot, proto]));
  const lines = lineOfEach(records, program.lines ?? []);
  return (fn, block) => {
    let text = "";
    let shown: SourceLine | undefined;
    for (let i = indexOf.get(block.start) ?? records.length; i < records.length; i++) {
      const { slot, text: instruction, bytes } = records[i] as XlatedRecord;
      if (slot >= block.end) break;
      const proto = protos.get(slot);
      if (proto) text += `; ${escapeLine(proto)}:${ROW}`;
      // Each block begins with its source line, even if this source line began in an earlier block.
      const line = lines[i];
      if (line !== undefined && line !== shown) text += sourceRows(line, options);
      shown = line;
      text += `${slot - fn.start}: ${instruction.replace(/[<>|&]/g, "\\$&")}${ROW}`;
      if (options.opcodes) text += `\\ \\ \\ \\ ${formatHex(bytes, " ")}${ROW}`;
      if (slot !== block.end - 1) text += "| ";
    }
    return text;
  };
}

/** Returns the source line of each instruction. It is the last source line that begins at or before the instruction. */
function lineOfEach(records: readonly XlatedRecord[], lines: readonly SourceLine[]): (SourceLine | undefined)[] {
  let next = 0;
  return records.map(({ slot }) => {
    while (next < lines.length && (lines[next] as SourceLine).slot <= slot) next++;
    return lines[next - 1];
  });
}

function sourceRows({ source, file, line, column }: SourceLine, options: ListingOptions): string {
  if (!source) return "";
  let text = "";
  if (options.linum) {
    const short = shortPath(file ?? "");
    const dots = short !== (file ?? "") ? "..." : "";
    text += `; [${dots}${escapeLabel(short)} line:${line} col:${column}]${ROW}`;
  }
  return `${text}; ${escapeLabel(source.trimStart())}${ROW}`;
}

function escapeLabel(text: string): string {
  return escapeLine(text).replace(/[\\"{}<>| ]/g, "\\$&");
}

/**
 * Shortens a long path as bpftool does: cuts off its beginning, so that the rest begins with a slash and has at most 32
 * characters. If this is not possible, the rest begins at the last slash. The path stays whole if only one or two
 * characters would be cut off.
 */
function shortPath(path: string): string {
  if (path.length <= MAX_PATH) return path;
  const slash = path.indexOf("/", path.length - MAX_PATH);
  if (slash >= 0) return slash < "...".length ? path : path.slice(slash);
  const last = path.lastIndexOf("/");
  return last >= 0 ? path.slice(last) : path;
}
