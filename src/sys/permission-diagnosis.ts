import { existsSync } from "node:fs";
import type { Diagnosis } from "../errors/index.ts";
import { commandOf, diagnosisOf } from "../explain/index.ts";
import { type Capability, hasCapability, inInitialUserNamespace } from "./capabilities.ts";
import { type PermissionContext, permissionCause, subjectOfPermission } from "./permission-cause.ts";
import { lockdown, readText, securityModules, unprivilegedBpfDisabled } from "./running-kernel.ts";

/** Returns the diagnosis of EPERM or EACCES, with the facts about this process and this machine. */
export function diagnosePermission(call: string, errno: number, context: PermissionContext): Diagnosis | undefined {
  const cause = permissionCause(errno, context);
  const subject = subjectOfPermission(context);
  switch (cause?.kind) {
    case "capabilities": {
      const facts = { capabilities: cause.missing.join(" and "), subject: subject ?? commandOf(call) ?? call };
      const [first, second, third] = waysToGive(cause.missing);
      return diagnosisOf(
        "missing-capability",
        { ...facts, first, second, third },
        { found: whyMissing(cause.missing) },
      );
    }
    case "user namespace":
      return diagnosisOf("user-namespace", { call }, { found: [uidMapText()] });
    case "memlock":
      return diagnosisOf("memory-lock-limit", {});
    case "policy": {
      const mode = lockdown();
      if (mode !== undefined && mode !== "none") return diagnosisOf("lockdown", { lockdown: mode, call });
      return diagnosisOf("security-policy", { call }, { found: policies() });
    }
    default:
      return undefined;
  }
}

type Status = ReadonlyMap<string, string>;

function threadStatus(): Status {
  const text = readText("/proc/thread-self/status") ?? "";
  return new Map(text.split("\n").map((line) => line.split(/:\s*/, 2) as [string, string]));
}

/** Returns clauses that say why this process does not have the capabilities, from the files of /proc. */
function whyMissing(missing: readonly Capability[]): string[] {
  const status = threadStatus();
  const found = [`the process runs as user ${status.get("Uid")?.split(/\s/)[1]}, with CapEff ${status.get("CapEff")}`];
  const bounding = status.get("CapBnd");
  if (bounding !== undefined && missing.some((name) => !hasBit(bounding, name))) {
    found.push(
      `the capability is not in the process's bounding set (CapBnd ${bounding}): a container or a service manager took it away, and setcap cannot give it back`,
    );
  } else if (status.get("NoNewPrivs") === "1") {
    found.push("the process has no_new_privs, so setcap has no effect in it");
  }
  const sysctl = unprivilegedBpfDisabled();
  if (missing.includes("CAP_BPF") && sysctl !== undefined && sysctl !== 0) {
    found.push(`kernel.unprivileged_bpf_disabled is ${sysctl}: all uses of bpf(2) need CAP_BPF`);
  }
  if (!inInitialUserNamespace()) found.push(uidMapText());
  return found;
}

function hasBit(set: string, name: Capability): boolean {
  return hasCapability(name, BigInt(`0x${set}`));
}

/** Returns sentences that say how to get the capabilities. The way that fits this process comes first. */
function waysToGive(missing: readonly Capability[]): string[] {
  const short = missing.map((name) => name.replace("CAP_", ""));
  const setcap = `Give the file the capabilities: setcap ${missing.join(",").toLowerCase()}+ep ${process.execPath} (or run the command as root).`;
  const systemd = `In a systemd unit: AmbientCapabilities=${missing.join(" ")}, and the same names in CapabilityBoundingSet= if it is set.`;
  const docker = `docker run ${short.map((name) => `--cap-add ${name}`).join(" ")} …`;
  const kubernetes = `securityContext: {capabilities: {add: [${short.map((name) => `"${name}"`).join(", ")}]}}`;
  const container = `In a container: ${docker}; in a Kubernetes pod: ${kubernetes}.`;
  if (
    process.env.KUBERNETES_SERVICE_HOST !== undefined ||
    existsSync("/.dockerenv") ||
    existsSync("/run/.containerenv")
  )
    return [container, systemd, setcap];
  return process.env.INVOCATION_ID === undefined ? [setcap, systemd, container] : [systemd, setcap, container];
}

function uidMapText(): string {
  const map = readText("/proc/self/uid_map")?.trim().replace(/\s+/g, " ");
  return `the process is in a user namespace (/proc/self/uid_map: ${map})`;
}

/**
 * Returns clauses about security modules and seccomp filters, which may refuse a call although no capability is
 * missing.
 */
function policies(): string[] {
  const found: string[] = [];
  const modules = securityModules()?.filter((name) => name !== "lockdown" && name !== "capability");
  if (modules !== undefined && modules.length > 0) found.push(`the active security modules are ${modules.join(", ")}`);
  if (threadStatus().get("Seccomp") === "2") found.push("a seccomp filter is installed in this process");
  return found;
}
