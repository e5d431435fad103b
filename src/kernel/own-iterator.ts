import { readSync, statSync } from "node:fs";
import { type AssemblyItem, add, callHelper, ldx, mov, type Register, r1, r2, r3, r6, r10 } from "../asm/index.ts";
import { BtfKind } from "../btf/index.ts";
import { NotSupportedError } from "../errors/index.ts";
import { closeFd, iterCreate, linkCreate, linkHead, nodeError, progLoad } from "../sys/index.ts";
import { BpfAttachType, BpfProgType } from "../uapi/index.ts";
import { type KernelTypes, kernelTypes } from "./kernel-types.ts";

/** Options of {@link OwnIterator}. */
export interface OwnIteratorOptions {
  /** The kind of objects that the kernel iterates over, such as `task_file`. */
  readonly target: string;
  /** The first kernel version that has this iterator. */
  readonly since: string;
  /** The name of the program. */
  readonly name: string;
  readonly code: (types: KernelTypes) => Uint8Array;
  /** The size of each record that the program writes. */
  readonly recordSize: number;
}

// The inode numbers of the initial pid and user namespaces (PROC_PID_INIT_INO, PROC_USER_INIT_INO). BPF programs see
// the ids that processes and users have in these namespaces.
const FIRST_NAMESPACES = { pid: 0xeffffffc, user: 0xeffffffd };
/** The size of the kernel's buffer: 8 pages. */
const READ_SIZE = 0x8000;

/**
 * Runs an iterator program of this library (5.8) and reads its records. The kernel runs the program for each object of
 * one kind, so no system calls are needed for the single objects. The constructor throws if BTF or capabilities are
 * missing. It also throws in a pid or user namespace, because the program sees only the ids of the initial namespaces.
 */
export class OwnIterator implements Disposable {
  readonly #fds: number[] = [];
  readonly #iterator: number;
  readonly #recordSize: number;
  /** The ids of the iterator's own program and link. A listing of programs or links must leave these two out. */
  readonly programId: number;
  readonly linkId: number;

  constructor({ target, since, name, code, recordSize }: OwnIteratorOptions) {
    for (const [kind, inode] of Object.entries(FIRST_NAMESPACES)) {
      if (statSync(`/proc/self/ns/${kind}`).ino === inode) continue;
      throw new NotSupportedError({
        feature: `the iterator programs of bpfts in a ${kind} namespace other than the initial one`,
      });
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

  /**
   * Yields the records. Each step yields the same JavaScript object: the next step changes its `at` and may overwrite
   * its `bytes`.
   */
  *records(): Generator<{ bytes: DataView; at: number }, void, undefined> {
    const bytes = new DataView(new ArrayBuffer(READ_SIZE));
    const record = { bytes, at: 0 };
    for (;;) {
      const length = readSome(this.#iterator, bytes);
      if (length === 0) return;
      // A read from an iterator returns only whole records.
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

/** Loads the iterator program. If this fails with types from the cache, looks the types up again and retries. */
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

/**
 * Reads from the iterator. Retries after EAGAIN, which the kernel returns when a million objects in a row gave no
 * output.
 */
function readSome(fd: number, bytes: DataView): number {
  for (;;) {
    try {
      return readSync(fd, bytes, 0, bytes.byteLength, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw nodeError(error, "iterator");
    }
  }
}

// The instructions that all programs of {@link OwnIterator} share. Each program keeps its context in r6.

// Each struct bpf_iter__* begins with a pointer to a struct bpf_iter_meta. This struct begins with a pointer to the
// seq_file.
const CONTEXT_META = 0;
const META_SEQ = 0;

/**
 * Returns code that copies `size` bytes of kernel memory at `base + offset` to the stack. The code writes zeros if the
 * address is invalid.
 */
export function readKernel(place: number, size: number, base: Register, offset: number): AssemblyItem[] {
  return [mov(r3, base), ...readKernelAt(place, size, offset)];
}

/**
 * Returns code that copies `size` bytes of kernel memory at `r3 + offset` to the stack, with zeros for an invalid
 * address.
 */
export function readKernelAt(place: number, size: number, offset: number): AssemblyItem[] {
  return [add(r3, offset), mov(r1, r10), add(r1, place), mov(r2, size), callHelper("bpf_probe_read_kernel")];
}

/** Returns code that hands the record on the stack to the process that reads the iterator. */
export function writeRecord(place: number, size: number): AssemblyItem[] {
  return [
    ...[ldx("u64", r1, r6, CONTEXT_META), ldx("u64", r1, r1, META_SEQ)],
    ...[mov(r2, r10), add(r2, place), mov(r3, size), callHelper("bpf_seq_write")],
  ];
}
