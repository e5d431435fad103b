import { Errno, SyscallError, UsageError } from "../../errors/index.ts";
import { hasBpfCookie, type OptionTable, Undo } from "../../kernel/index.ts";
import type { BpfMap } from "../../map/index.ts";
import type { Program } from "../../program/index.ts";
import { mapDeleteElem, mapUpdateElem } from "../../sys/index.ts";
import { BpfAttachType, BpfElemFlag, BpfLinkType, BpfProgType } from "../../uapi/index.ts";
import { checkArguments } from "../attach-arguments.ts";
import { Attachment } from "../attachment.ts";
import { requireType } from "../hook.ts";
import type { Link } from "../link.ts";
import type { Cookie } from "../perf-link.ts";
import { type Executable, openExecutable } from "../probe/open-executable.ts";
import { parseUsdtArguments } from "../probe/usdt/arguments.ts";
import { encodeUsdtSpec } from "../probe/usdt/spec.ts";
import { specIdsOf } from "../probe/usdt/spec-ids.ts";
import { findUsdt, type UsdtTarget } from "../probe/usdt/targets.ts";
import { attachUprobeAt } from "./uprobe.ts";
import { attachUprobesAt } from "./uprobe-multi.ts";

/** Where and how to attach a program to a statically defined tracepoint of user space. */
export interface UsdtPlace {
  /**
   * The executable or library, as for a uprobe. The default of `binary`, `provider` and `name` comes from the program's
   * section.
   */
  readonly binary?: string | undefined;
  /** The USDT's provider, such as `libc`. */
  readonly provider?: string | undefined;
  readonly name?: string | undefined;
  /** Trace only this process. Before 5.15, a USDT of a library cannot be attached without a `pid`. */
  readonly pid?: number | undefined;
  /** What bpf_usdt_cookie() returns in the program. */
  readonly cookie?: Cookie | undefined;
}

const OPTIONS: OptionTable<UsdtPlace> = {
  binary: "text",
  provider: "text",
  name: "text",
  pid: "natural",
  cookie: "u64",
};

/**
 * Attaches a program to a USDT in an executable or library, at every place in the code where the USDT fires. The
 * program's object must include libbpf's usdt.bpf.h; this function fills the maps of this header. On Linux 6.10 and
 * newer it uses one uprobe_multi link, on older kernels one uprobe for each place. USDTs with a semaphore need Linux
 * 4.20.
 */
export function attachUsdt(program: Program, place: UsdtPlace = {}): Link {
  checkArguments("attachUsdt", program, place, OPTIONS);
  requireType(program, { name: "a USDT", programTypes: [BpfProgType.BPF_PROG_TYPE_KPROBE] });
  const { binary, provider, name } = target(program, place);
  const maps = usdtMaps(program);
  const executable = openExecutable(binary);
  const byAddress = !hasBpfCookie();
  const targets = findUsdt(executable, provider, name, { needed: byAddress, pid: place.pid });
  const ids = specIdsOf(maps.specs);
  const specs = new Map<string, number>();
  const undo = new Undo();
  undo.add(() => ids.give(specs.values()));
  try {
    const numbered = targets.map((one) => ({ ...one, spec: specOf(one) }));
    if (byAddress) for (const one of numbered) undo.add(nameAddress(maps.ids, one));
    return attachAll(program, executable, numbered, { ...place, byAddress, end: () => undo.run() });
  } catch (error) {
    undo.run();
    throw error;
  }

  /** Returns the number of the spec for this place's arguments. Places with the same arguments share a spec. */
  function specOf(one: UsdtTarget): number {
    const known = specs.get(one.arguments);
    if (known !== undefined) return known;
    const cookie = BigInt(place.cookie ?? 0);
    const value = encodeUsdtSpec(parseUsdtArguments(one.arguments), cookie, maps.specs.valueSize);
    const id = ids.take();
    specs.set(one.arguments, id);
    mapUpdateElem(maps.specs.fd, u32(id), value);
    return id;
  }
}

const SPECS = "__bpf_usdt_specs";
const IDS = "__bpf_usdt_ip_to_spec_id";

interface NumberedTarget extends UsdtTarget {
  readonly spec: number;
}

function attachAll(
  program: Program,
  executable: Executable,
  targets: readonly NumberedTarget[],
  options: { pid?: number | undefined; byAddress: boolean; end: () => void },
): Link {
  const { pid, byAddress, end } = options;
  if (program.origin.attachType === BpfAttachType.BPF_TRACE_UPROBE_MULTI) {
    return attachUprobesAt(
      program,
      executable,
      {
        offsets: targets.map(({ offset }) => offset),
        refCounters: targets.map(({ semaphore }) => semaphore),
        cookies: targets.map(({ spec }) => spec),
        pid,
      },
      { run: end },
    );
  }
  const links: Link[] = [];
  try {
    for (const { offset, semaphore, spec } of targets) {
      const cookie = byAddress ? undefined : spec;
      links.push(attachUprobeAt(program, executable, { offset, refCounter: semaphore, cookie, pid }));
    }
  } catch (error) {
    for (const link of links) link.close();
    throw error;
  }
  return new Attachment({
    what: `attachment of ${program.what} to a USDT in ${executable.path}`,
    type: BpfLinkType.BPF_LINK_TYPE_UPROBE_MULTI,
    linkFeature: "link:uprobe_multi_pid",
    end: () => {
      for (const link of links) link.close();
      end();
    },
  });
}

/**
 * Maps an address to the number of its spec, for kernels without cookies. On such kernels the program looks up the spec
 * by the address. Returns a function that removes the entry.
 */
function nameAddress(map: BpfMap, { address, spec }: NumberedTarget): () => void {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, address, true);
  try {
    mapUpdateElem(map.fd, key, u32(spec), BpfElemFlag.BPF_NOEXIST);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== Errno.EEXIST) throw error;
    throw new UsageError(
      "another program of this object is already attached to this USDT; kernels without cookies (before Linux 5.15) allow only one program at each address",
      { cause: error },
    );
  }
  return () => {
    if (!map.closed) mapDeleteElem(map.fd, key);
  };
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function usdtMaps({ what, origin }: Program): { specs: BpfMap; ids: BpfMap } {
  if (origin.maps === undefined) {
    throw new UsageError(
      `${what} was not loaded by this process, so it cannot be attached to a USDT, which needs the maps of the program's object`,
    );
  }
  const specs = origin.maps[SPECS];
  const ids = origin.maps[IDS];
  if (specs !== undefined && ids !== undefined) return { specs, ids };
  throw new UsageError(
    `${what}: the program's object does not have the maps ${SPECS} and ${IDS}; include <bpf/usdt.bpf.h> in its source`,
  );
}

function target(program: Program, place: UsdtPlace): { binary: string; provider: string; name: string } {
  const named = usdtSection(program.origin.attachTo ?? "");
  const binary = place.binary ?? named?.binary;
  const provider = place.provider ?? named?.provider;
  const name = place.name ?? named?.name;
  if (binary === undefined || provider === undefined || name === undefined) {
    throw new UsageError(`${program.what}: give its binary, provider and name; its section does not name all of them`);
  }
  return { binary, provider, name };
}

/** Splits the text `binary:provider:name` from a section's name. Returns undefined if the text has another form. */
export function usdtSection(text: string): { binary: string; provider: string; name: string } | undefined {
  const [, binary, provider, name] = /^([^:]+):([^:]+):([^:]+)$/.exec(text) ?? [];
  if (binary === undefined || provider === undefined || name === undefined) return undefined;
  return { binary, provider, name };
}
