import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GuestOutput } from "./guest-output.ts";
import { type TreeFile, writeImage } from "./image.ts";
import type { Kernel } from "./kernels.ts";

/** The exit code if the time was over before the command had ended. */
export const TIMED_OUT = 124;
/** The exit code if the guest ended before the command did, most likely because of a panic. */
export const DIED = 125;

export interface RunOptions {
  readonly kernel: Kernel;
  readonly command: readonly string[];
  /** The longest time in seconds for boot and command together. */
  readonly timeout: number;
  /** The folder into which the files are copied that the command writes to /out. */
  readonly out?: string | undefined;
  readonly add?: readonly string[];
  /** Files that replace files of the working tree. */
  readonly instead?: readonly TreeFile[];
  /** Further words for the kernel's command line. */
  readonly append?: string;
  /** Print the kernel's whole log at the end. Default: its last lines, and only if the command did not end. */
  readonly verbose?: boolean;
  /** Receives the command's output when it arrives. Default: writes it to standard output. */
  readonly write?: (text: string) => void;
  /** Receives messages about the machine. Default: writes them to standard error. */
  readonly warn?: (text: string) => void;
}

/** The longest time for a boot, which takes 5 s on an idle machine. */
const BOOT_SECONDS = 90;

interface Hardware {
  readonly qemu: string;
  readonly arguments: readonly string[];
  /**
   * The console for the kernel's log. If a machine has only one console, the log and the command's output both go to
   * it.
   */
  readonly kernelConsole: string;
  readonly commandConsole: string;
  readonly consoles: (log: string) => string[];
}

const HARDWARE: Record<Kernel["machine"], Hardware> = {
  x86_64: {
    qemu: "qemu-system-x86_64",
    arguments: ["-machine", "q35", "-cpu", "max"],
    kernelConsole: "ttyS0",
    commandConsole: "/dev/ttyS1",
    consoles: (log) => ["-serial", `file:${log}`, "-serial", "stdio"],
  },
  s390x: {
    qemu: "qemu-system-s390x",
    arguments: ["-machine", "s390-ccw-virtio", "-cpu", "max"],
    kernelConsole: "ttysclp0",
    commandConsole: "/dev/console",
    consoles: () => ["-chardev", "stdio,id=console", "-device", "sclpconsole,chardev=console"],
  },
  aarch64: {
    qemu: "qemu-system-aarch64",
    arguments: ["-machine", "virt", "-cpu", "max"],
    kernelConsole: "ttyAMA0",
    commandConsole: "/dev/console",
    consoles: () => ["-serial", "stdio"],
  },
};

/** Boots the kernel and runs the command. Returns the command's exit code, {@link TIMED_OUT} or {@link DIED}. */
export async function runInMachine(options: RunOptions): Promise<number> {
  const { kernel, command, out } = options;
  const write = options.write ?? ((text) => process.stdout.write(text));
  const warn = options.warn ?? ((text) => process.stderr.write(text));
  const hardware = HARDWARE[kernel.machine];
  const folder = mkdtempSync(join(tmpdir(), "bpfts-vm-"));
  try {
    const log = join(folder, "kernel.log");
    const image = join(folder, "initramfs");
    const errors = join(folder, "qemu.log");
    writeFileSync(log, "");
    const console = hardware.commandConsole;
    const { add = [], instead = [] } = options;
    writeImage(image, { kernel, console, command, returnsFiles: out !== undefined, add, instead });
    const parameters = [
      `console=${hardware.kernelConsole}`,
      // Without randomised addresses, qemu translates code that several processes load only once.
      "norandmaps",
      // Print warnings and errors. Do not wait for RCU grace periods, because the processors share a thread. Do not use
      // the TSC: a guest on a busy host measures it wrongly, and its clock ran ten times too fast. An oops ends the
      // machine, and so the run.
      "loglevel=5 rcupdate.rcu_expedited=1 tsc=unstable panic=-1 oops=panic rdinit=/init net.ifnames=0 lsm=landlock,lockdown,yama,bpf",
      ...(options.append === undefined ? [] : [options.append]),
    ];
    const words = [
      ...hardware.arguments,
      // Emulate both processors in one thread. With two threads, qemu 7.2 may run code while the kernel patches it, and
      // Linux 6.12 then panics.
      ...["-accel", "tcg,thread=single", "-smp", "2", "-m", "2048", "-nodefaults", "-no-reboot"],
      ...["-display", "none", "-monitor", "none", "-kernel", kernel.image, "-initrd", image],
      ...hardware.consoles(log),
      ...["-append", parameters.join(" ")],
    ];
    // The kernel kills qemu when this process ends, even if this process is killed by SIGKILL.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", hardware.qemu, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let boot = "";
    const output = new GuestOutput(write, (text) => {
      boot += text;
    });
    const bound = await finished(child, output, options.timeout, (text) => {
      writeFileSync(errors, text, { flag: "a" });
    });
    const { exitCode, files } = output.state;
    const code = exitCode ?? (bound === undefined ? DIED : TIMED_OUT);
    if (out !== undefined && files !== undefined) {
      mkdirSync(out, { recursive: true });
      execFileSync("tar", ["-xz", "--no-same-owner", "-C", out], { input: Buffer.from(files, "base64") });
    }
    if (exitCode === undefined) {
      const why = bound === undefined ? "ended before the command did" : `was stopped after ${bound} s`;
      const where = output.state.uptime === undefined ? "while it booted" : "while the command ran";
      warn(`\nvm: Linux ${kernel.release} ${why}, ${where}. The end of its console:\n`);
    }
    if (exitCode === undefined || options.verbose === true) {
      const text = readFileSync(log, "utf8") + boot;
      const lines = text.replaceAll("\r", "").trimEnd().split("\n");
      warn(`${lines.slice(options.verbose === true ? 0 : -40).join("\n")}\n`);
      if (exitCode === undefined) warn(readIfThere(errors));
    }
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Waits until the machine ends. If its time was over, stops it and returns the number of seconds after which it was
 * stopped.
 */
function finished(
  child: ChildProcess,
  output: GuestOutput,
  timeout: number,
  complain: (text: string) => void,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    let stopped: number | undefined;
    const stop = (seconds: number) => () => {
      stopped = seconds;
      child.kill("SIGKILL");
    };
    const bootSeconds = Math.min(BOOT_SECONDS, timeout);
    const boot = setTimeout(() => {
      if (output.state.uptime === undefined) stop(bootSeconds)();
    }, bootSeconds * 1000);
    const whole = setTimeout(stop(timeout), timeout * 1000);
    const interrupt = (): void => {
      child.kill("SIGKILL");
    };
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    const end = (): void => {
      clearTimeout(boot);
      clearTimeout(whole);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => output.add(text));
    child.stderr?.setEncoding("utf8").on("data", complain);
    child.once("error", (error) => {
      end();
      reject(error);
    });
    child.once("close", () => {
      end();
      resolve(stopped);
    });
  });
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
