import { ftruncateSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  controlFlowGraph,
  decodeInstructions,
  encodeInstructions,
  formatInstruction,
  noSymbols,
  swapInstructions,
  symbolNeeds,
  xlatedJson,
  xlatedLines,
  xlatedNames,
  xlatedRecords,
} from "../../../src/asm/index.ts";
import { readBatchLines } from "../../../src/cli/batch/lines.ts";
import { parseOptions } from "../../../src/cli/words/options.ts";
import { readNumber } from "../../../src/cli/words/words.ts";
import { parseElf } from "../../../src/elf/index.ts";
import { BpfError } from "../../../src/errors/index.ts";
import { explainLog, formatDiagnosis, readVerifierLog } from "../../../src/explain/index.ts";
import { decodeText, namePattern, nearNames, parseHex } from "../../../src/layout/index.ts";
import { parseUsdtArguments } from "../../../src/link/probe/usdt/arguments.ts";
import { findZipEntry } from "../../../src/link/probe/zip.ts";
import { subjectKeyIdentifier } from "../../../src/load/sign/cms.ts";
import { x86Disassembler } from "../../../src/program/disassembly/x86.ts";
import { parseCpuList, parseFdInfo, parseKernelConfig, parseMountinfo } from "../../../src/sys/index.ts";
import { parseAttributes, parseRouteAnswers } from "../../../src/sys/netlink.ts";
import { parseNetDevice, parseTcBpfFilter, parseTcNode } from "../../../src/sys/network-listing.ts";
import { parseBuildId, parseVersion } from "../../../src/sys/running-kernel.ts";
import { type FuzzTarget, texts } from "../target.ts";

function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
  }
}

const textOf = (data: Uint8Array): string => decodeText(data, 0, data.length);

const instructions: FuzzTarget = {
  name: "instructions",
  corpus: () =>
    readdirSync("test/bpf")
      .filter((name) => /^(isa|atomics|functions|callbacks|exceptions).*\.o$/.test(name))
      .flatMap((name) => {
        const elf = parseElf(new Uint8Array(readFileSync(`test/bpf/${name}`)), name);
        return elf.sections.filter(({ flags }) => (flags & 4) !== 0).map((one) => elf.contents(one).slice(0, 512));
      })
      .filter(({ length }) => length > 0),
  run: (data) => {
    const whole = data.subarray(0, data.length - (data.length % 8));
    for (const little of [true, false]) {
      attempt(() => encodeInstructions(decodeInstructions(whole, little), little));
      attempt(() => decodeInstructions(data, little).map((one) => formatInstruction(one)));
      attempt(() => controlFlowGraph(whole, { little }));
      attempt(() => controlFlowGraph(whole, { little, loaded: false }));
      attempt(() => symbolNeeds(whole, [0n, 1n], little));
      attempt(() => {
        const lines = [{ slot: 0, source: textOf(data), file: "f", line: 1, column: 2 }];
        const program = { instructions: whole, little, lines, functions: [{ slot: 0, proto: textOf(data) }] };
        for (const record of xlatedRecords(
          program,
          xlatedNames([1n], () => noSymbols),
        )) {
          xlatedLines(record, { opcodes: true, linum: true });
          xlatedJson(record, { opcodes: true, linum: true });
        }
      });
    }
    attempt(() => swapInstructions(data));
  },
};

const machineCode: FuzzTarget = {
  name: "machine-code",
  corpus: () => {
    const lines = readFileSync("test/golden/x86-64.txt", "utf8").split("\n");
    const codes = lines.flatMap(
      (line) => parseHex((/^(?:[0-9a-f]{2} ?)+/.exec(line)?.[0] ?? "").replaceAll(" ", "")) ?? [],
    );
    return [Uint8Array.of(0x55, 0x48, 0x89, 0xe5, 0xc3), ...codes.filter(({ length }) => length > 0)];
  },
  run: (data) => {
    for (const _ of x86Disassembler(data, 0xffff_ffff_c000_0000n)) {
      // The text is the result.
    }
  },
};

const verifierLog: FuzzTarget = {
  name: "verifier-log",
  corpus: () =>
    ["test/load/verifier-logs", "test/explain/logs"].flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith(".log"))
        .map((name) => new Uint8Array(readFileSync(`${folder}/${name}`).subarray(0, 16_384))),
    ),
  run: (data) => {
    const text = textOf(data);
    readVerifierLog(text.split("\n"));
    for (const diagnosis of explainLog(text)) formatDiagnosis(diagnosis);
  },
};

const usdtArguments: FuzzTarget = {
  name: "usdt-arguments",
  corpus: () => texts("-4@%eax 8@-16(%rbp) 4@$71", "8@8(%rdi,%r8,8) -1@%al", "4@[x1, -8] 8@x2 4@5", "8@-16(s0) 4@a1"),
  run: (data) => {
    for (const arch of ["x64", "arm64", "riscv64"]) attempt(() => parseUsdtArguments(textOf(data), arch));
  },
};

const proc: FuzzTarget = {
  name: "proc",
  corpus: () =>
    texts(
      "pos:\t0\nflags:\t02\nmnt_id:\t15\nmap_type:\t2\nmap_id:\t17\nmemlock:\t4096\n",
      "22 1 0:20 / /proc rw,nosuid shared:5 - proc proc rw\n36 35 98:0 /mnt\\0401 /mnt2 rw master:1 - ext3 /dev/root rw,errors=continue\n",
      "0-3,8,12-15\n",
      "6.18.44-fc",
      'CONFIG_BPF=y\n# CONFIG_X is not set\nCONFIG_NAME="text"\nCONFIG_HZ=250\n',
    ),
  run: (data) => {
    const text = textOf(data);
    parseFdInfo(text);
    parseMountinfo(text);
    attempt(() => parseCpuList(text));
    parseVersion(text);
    parseKernelConfig(text);
    parseBuildId(data);
  },
};

const batch: FuzzTarget = {
  name: "batch",
  corpus: () => texts("prog show # all\nmap \\\n  show\n", "prog load 'a b' \"c\"\n", "a'b'c\n\n#\n", "x \\\n"),
  run: (data) => {
    const text = textOf(data);
    const half = text.length >> 1;
    attempt(() => [...readBatchLines([text.slice(0, half), text.slice(half)])]);
  },
};

const netlink: FuzzTarget = {
  name: "netlink",
  corpus: () =>
    [
      // Attributes: a text, and two that are nested.
      "0800010062706600 0c00020008000b0007000000",
      // A message with two attributes, then the acknowledgement.
      "24000000 2c000000 01000000 00000000 efffffff 0800010062706600 0800020007000000" +
        "24000000 02000001 01000000 00000000 00000000 24000000 2c000506 01000000 00000000",
      // A device with an XDP program, and a tc filter with an action: a struct, then nested attributes.
      "00000000 07000000 00000000 00000000 0700030076300000 1c002b80 0500020001000000 0800040009000000 0800050009000000",
      "00000000 07000000 01000000 f2ffffff 00030100 0800010062706600 30000280 0800070061000000 08000b0009000000" +
        "1c000180 18000180 0800010062706600 0c000280 0800090009000000",
      // EINVAL with the kernel's sentence "no", without and with the whole request.
      "2c000000 02000003 01000000 00000000 eaffffff 14000000 2c000506 01000000 00000000 070001006e6f0000",
      "30000000 02000002 01000000 00000000 eaffffff 14000000 2c000506 01000000 00000000 ffffffff 070001006e6f0000",
    ].map((hex) => parseHex(hex.replaceAll(" ", "")) as Uint8Array),
  run: (data) => {
    for (const value of parseAttributes(data).values()) parseAttributes(value);
    attempt(() => parseRouteAnswers(data).messages.map(parseAttributes));
    for (const parse of [parseNetDevice, parseTcNode, parseTcBpfFilter]) attempt(() => parse(data));
  },
};

const der: FuzzTarget = {
  name: "der",
  corpus: () => ["rsa.cert.der", "rsa.cms"].map((name) => new Uint8Array(readFileSync(`test/load/sign/${name}`))),
  run: (data) => {
    subjectKeyIdentifier(data, "fuzz");
  },
};

let file: number | undefined;

/** A zip file is read from a file: there is one for each process, without a name. */
function zipFile(data: Uint8Array): number {
  if (file === undefined) {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-fuzz-"));
    file = openSync(join(folder, "archive"), "w+");
    rmSync(folder, { recursive: true });
  }
  ftruncateSync(file, 0);
  writeSync(file, data, 0, data.length, 0);
  return file;
}

const zip: FuzzTarget = {
  name: "zip",
  corpus: () => [zipOf("lib/x.so", Uint8Array.of(1, 2, 3, 4)), zipOf("lib/x.so", new Uint8Array(300))],
  run: (data) => {
    findZipEntry(zipFile(data), data.length, "lib/x.so", "archive");
  },
};

/** An archive of one file that is not compressed. */
function zipOf(name: string, content: Uint8Array): Uint8Array {
  const text = Buffer.from(name);
  const local = Buffer.alloc(30 + text.length + content.length);
  local.writeUInt32LE(0x04034b50);
  local.writeUInt32LE(content.length, 18);
  local.writeUInt32LE(content.length, 22);
  local.writeUInt16LE(text.length, 26);
  text.copy(local, 30);
  local.set(content, 30 + text.length);
  const entry = Buffer.alloc(46 + text.length);
  entry.writeUInt32LE(0x02014b50);
  entry.writeUInt32LE(content.length, 20);
  entry.writeUInt32LE(content.length, 24);
  entry.writeUInt16LE(text.length, 28);
  text.copy(entry, 46);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return new Uint8Array(Buffer.concat([local, entry, end]));
}

const words: FuzzTarget = {
  name: "words",
  corpus: () => texts("-j prog show id 42", "0x1f", "tcp_*?x", "-p map dump name counts", "do_unlinkat", "--bpffs -n"),
  run: (data) => {
    const text = textOf(data);
    readNumber(text);
    parseHex(text);
    attempt(() => parseOptions(text.split(" ")));
    attempt(() => namePattern(text)("tcp_connect"));
    attempt(() => namePattern(text, { paths: true })(text));
    nearNames(text, ["tcp_connect", "__proto__", text]);
  },
};

/** Parsers of instructions, and of what the kernel and users write as text. */
export const OTHER_TARGETS: readonly FuzzTarget[] = [
  instructions,
  machineCode,
  verifierLog,
  usdtArguments,
  proc,
  batch,
  netlink,
  der,
  zip,
  words,
];
