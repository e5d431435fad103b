import { closeSync, mkdirSync, openSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { loadObject } from "../../../src/load/index.ts";
import {
  deviceIndex,
  linkCreate,
  linkInfo,
  mapUpdateElem,
  Namespace,
  objPin,
  progAttach,
  progInfo,
  progLoad,
  unshare,
} from "../../../src/sys/index.ts";
import { BpfAttachFlag, BpfAttachType, BpfProgType } from "../../../src/uapi/index.ts";
import { withBpffs } from "../../support/bpffs.ts";
import { withCgroup } from "../../support/cgroup.ts";
import { owned } from "../../support/cleanup.ts";
import { withDirectory } from "../../support/directory.ts";
import { addVeth, setUp } from "../../support/network.ts";
import { returning } from "../../support/programs.ts";

/**
 * Makes what the command lines name, and returns it by name. From here on, this process and those that it starts are in a
 * network namespace of their own, which ends with the process.
 */
export function stage(t: TestContext): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const directory = withDirectory(t);
  const bpffs = withBpffs(t);
  names.set("fs", bpffs);
  names.set("out", join(directory, "out"));
  names.set("object", "test/bpf/counter.bpf.o");
  addObject(t, bpffs, names);
  addNetwork(t, names);
  addCgroup(t, bpffs, names);
  const add = (name: string, text: string): void => {
    names.set(name, join(directory, name));
    writeFileSync(join(directory, name), text);
  };
  const id = names.get("counts.id");
  add("lines", `# shows a map\nmap show id ${id}\n\nmap \\\n  dump id '${id}'\nfeature list_builtins link_types\n`);
  add("comments", "# nothing\n   # to do\n\n");
  return names;
}

/** Loads an object and pins what is named. The pins alone hold it, so that no process is shown as its holder. */
function addObject(_: TestContext, bpffs: string, names: Map<string, string>): void {
  using object = loadObject("test/bpf/counter.bpf.o");
  const map = object.map("counts");
  const program = object.program("egress");
  map.pin(join(bpffs, "counts"));
  program.pin(join(bpffs, "program"));
  names.set("counts", join(bpffs, "counts"));
  names.set("counts.id", `${map.id}`);
  names.set("program", join(bpffs, "program"));
  const info = progInfo(program.fd);
  names.set("program.id", `${info.id}`);
  names.set("btf.id", `${info.btf_id}`);
  mapUpdateElem(
    map.fd,
    Uint8Array.of(17, 0, 9, 0),
    Uint8Array.from({ length: 16 }, (_, i) => i),
  );
}

function addNetwork(t: TestContext, names: Map<string, string>): void {
  unshare(Namespace.CLONE_NEWNET);
  setUp("lo");
  const here = openSync("/proc/thread-self/ns/net", "r");
  addVeth("near", { name: "far", netns: here });
  closeSync(here);
  const near = deviceIndex("near") as number;
  const xdp = owned(t, progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: returning(2), prog_name: "drops" }));
  const tc = owned(
    t,
    progLoad({ prog_type: BpfProgType.BPF_PROG_TYPE_SCHED_CLS, insns: returning(0), prog_name: "sees" }),
  );
  names.set("xdp.id", `${progInfo(xdp).id}`);
  names.set("tc.id", `${progInfo(tc).id}`);
  const link = owned(t, linkCreate(xdp, near, BpfAttachType.BPF_XDP));
  names.set("net link.id", `${linkInfo(link).id}`);
  progAttach(tc, near, BpfAttachType.BPF_TCX_INGRESS);
}

function addCgroup(t: TestContext, bpffs: string, names: Map<string, string>): void {
  const cgroup = withCgroup(t);
  const below = join(cgroup.path, "below");
  mkdirSync(below);
  cgroup.below.push(() => rmdirSync(below));
  const type = BpfAttachType.BPF_CGROUP_INET_EGRESS;
  const skb = { prog_type: BpfProgType.BPF_PROG_TYPE_CGROUP_SKB, insns: returning(1), expected_attach_type: type };
  const attached = owned(t, progLoad({ ...skb, prog_name: "attached" }));
  progAttach(attached, cgroup.fd, type, { attach_flags: BpfAttachFlag.BPF_F_ALLOW_MULTI });
  const link = owned(t, linkCreate(owned(t, progLoad({ ...skb, prog_name: "linked" })), cgroup.fd, type));
  objPin(join(bpffs, "link"), link);
  names.set("cgroup", cgroup.path);
  names.set("link", join(bpffs, "link"));
  names.set("link.id", `${linkInfo(link).id}`);
}
