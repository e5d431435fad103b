import { readSync, statSync } from "node:fs";
import { BtfKind } from "../btf/index.ts";
import { NotSupportedError } from "../errors/index.ts";
import { closeFd, iterCreate, linkCreate, linkHead, nodeError, progLoad } from "../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../uapi/index.ts";
import { type KernelTypes, kernelTypes } from "./kernel-types.ts";

/** What an iterator program of ours is made of. */
export interface OwnIteratorOptions {
  /** What the kernel iterates over: `task_file`. */
  readonly target: string;
  /** Since which kernel it does. */
  readonly since: string;
  /** Of the program. */
  readonly name: string;
  readonly code: (types: KernelTypes) => Uint8Array;
  /** Bytes of each record that it writes. */
  readonly recordSize: number;
}

// PROC_PID_INIT_INO and PROC_USER_INIT_INO: the kernel's own numbers of processes and users are those of its first
// namespaces.
const FIRST_NAMESPACES = { pid: 0xeffffffc, user: 0xeffffffd };
/** What the kernel gives at once (8 pages of its buffer). */
const READ_SIZE = 0x8000;

/**
 * A program of the library's own that the kernel runs for each of its objects of some sort (5.8), and what it writes:
 * what would otherwise take several system calls for each object. The constructor throws where that cannot be: without
 * BTF or capabilities, and in a namespace whose numbers of processes and users the program does not know.
 */
export class OwnIterator implements Disposable {
  readonly #fds: number[] = [];
  readonly #iterator: number;
  readonly #recordSize: number;
  /** Of its own program and link, which a listing is to leave out. */
  readonly programId: number;
  readonly linkId: number;

  constructor({ target, since, name, code, recordSize }: OwnIteratorOptions) {
    for (const [kind, inode] of Object.entries(FIRST_NAMESPACES)) {
      if (statSync(`/proc/self/ns/${kind}`).ino === inode) continue;
      throw new NotSupportedError({ feature: `what the kernel itself knows, in this ${kind} namespace` });
    }
    this.#recordSize = recordSize;
    const types = kernelTypes();
    try {
      const program = this.#own(loadProgram(types, { target, since, name, code }));
      const link = this.#own(linkCreate(program, 0, BpfAttachType.BPF_TRACE_ITER));
      this.#iterator = this.#own(iterCreate(link));
      const { id, prog_id } = linkHead(link);
      this.linkId = id;
      this.programId = prog_id;
      types.keep();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The records, one after another, each at an offset of bytes that are the next one's afterwards. */
  *records(): Generator<{ bytes: DataView; at: number }, void, undefined> {
    const bytes = new DataView(new ArrayBuffer(READ_SIZE));
    const record = { bytes, at: 0 };
    for (;;) {
      const length = readSome(this.#iterator, bytes);
      if (length === 0) return;
      // The kernel gives whole records.
      for (record.at = 0; record.at + this.#recordSize <= length; record.at += this.#recordSize) yield record;
    }
  }

  #own(fd: number): number {
    this.#fds.push(fd);
    return fd;
  }

  close(): void {
    for (const fd of this.#fds.splice(0).reverse()) closeFd(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A kernel that refuses what was kept for it is searched anew. */
function loadProgram(
  types: KernelTypes,
  { target, since, name, code }: Omit<OwnIteratorOptions, "recordSize">,
): number {
  const hook = `bpf_iter_${target}`;
  for (;;) {
    try {
      const attach_btf_id = types.id(hook, BtfKind.FUNC);
      if (attach_btf_id === undefined) {
        throw new NotSupportedError({ feature: `iterators over ${target}`, minVersion: since });
      }
      return progLoad({
        prog_type: BpfProgType.BPF_PROG_TYPE_TRACING,
        expected_attach_type: BpfAttachType.BPF_TRACE_ITER,
        attach_btf_id,
        prog_name: name,
        insns: code(types),
      });
    } catch (error) {
      if (!types.forgetKept()) throw error;
    }
  }
}

/** After a million objects without one to show the kernel says EAGAIN, so that a reader can be interrupted. */
function readSome(fd: number, bytes: DataView): number {
  for (;;) {
    try {
      return readSync(fd, bytes, 0, bytes.byteLength, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw nodeError(error, "iterator");
    }
  }
}
