import type { Kind } from "./kind.ts";

/**
 * Refusals about objects that a program must release, about locks and other regions that it must leave, and about
 * features with rules of their own. Their patterns are general, so the table lists them after those of memory, pointers
 * and calls.
 */
export const RESOURCE_KINDS: readonly Kind[] = [
  {
    code: "BPF-E0401",
    name: "reference-leak",
    class: "program",
    title: "An acquired object is not released on some path",
    meaning:
      "A ring buffer record, a socket, a task or another object that a call acquired must be released on every path before the program ends. The kernel prints the instruction that acquired it.",
    patterns: [
      /^Unreleased reference id=(?<id>\d+) alloc_insn=(?<alloc>\d+)/,
      /Unreleased reference|reference leak|would lead to reference/,
    ],
    what: [
      "The object that instruction {alloc} ({allocText}) acquires is not released on the path to this exit.",
      "The object that instruction {alloc} acquires is not released on the path to this exit.",
      "An object that the program acquired is not released on the path to this exit.",
    ],
    remedies: [
      "Release the object of {allocText} on every path, also where a later step fails.",
      "Before each return after the acquiring call, call the function that releases: bpf_ringbuf_discard() or bpf_ringbuf_submit(), bpf_sk_release(), bpf_task_release(), …",
      "A dynptr of bpf_ringbuf_reserve_dynptr() must be submitted or discarded even if the reservation failed.",
    ],
  },
  {
    code: "BPF-E0402",
    name: "not-acquired",
    class: "program",
    title: "An object is released or used that the program does not own",
    meaning:
      "The call needs an object that the program acquired and still owns, or one that is protected by an RCU read lock.",
    patterns: [
      /release (?:helper|kfunc) .{1,128} expects|has to be referenced|must be referenced|reference has not been acquired|^(?<reg>R\d+) must have an id|must be (?:a )?rcu|rcu pointer/,
    ],
    what: [
      "{call} needs an object that the program acquired and still owns.",
      "The program uses an object that it does not own.",
    ],
    remedies: [
      "Acquire the object first, with the function that belongs to this release.",
      "Call bpf_rcu_read_lock() before you use the object, and bpf_rcu_read_unlock() after that.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0403",
    name: "lock",
    class: "program",
    title: "A lock is not used as the verifier demands",
    meaning:
      "A program may hold one bpf_spin_lock at a time, may call almost nothing while it holds the lock, and must unlock the same lock on every path.",
    patterns: [
      /bpf_spin_lock|unlock of different lock|holding a lock|Locking two|spin_lock-ed|res_spin_lock|must be held for|cannot be acquired while holding/,
    ],
    what: ["The program breaks the rules for locks."],
    remedies: [
      "Unlock the same lock on every path before the program returns.",
      "Move calls out of the locked region; take one lock at a time.",
    ],
  },
  {
    code: "BPF-E0404",
    name: "irq-preempt-rcu",
    class: "program",
    title: "A region with RCU, disabled interrupts or disabled preemption is not left in order",
    meaning:
      "Each of these regions must be left on every path, in the reverse order in which the program entered them.",
    patterns: [
      /irq flag|irq state|irq_save-ed|IRQ-disabled|preempt_disable|preempt_enable|non-preemptible|rcu_read_(?:un)?lock|\bRCU\b/,
    ],
    what: ["A region with RCU, disabled interrupts or disabled preemption is not entered and left in order."],
    remedies: ["Leave the region on every path before the program returns, and the inner region first."],
  },
  {
    code: "BPF-E0405",
    name: "dynptr",
    class: "program",
    title: "A dynptr is not used as the verifier demands",
    meaning:
      "A dynptr must be initialised once, may not be copied or overwritten, and its slices become invalid when it or the packet changes.",
    patterns: [/dynptr/i],
    what: ["The program uses a dynptr that is not initialised, was overwritten, or is of the wrong kind."],
    remedies: [
      "Initialise the dynptr on every path before you use it, and pass its address, not a copy.",
      "Take slices again after each write to the dynptr.",
      "Submit or discard a dynptr of a ring buffer once on every path.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0406",
    name: "kptr-graph",
    class: "program",
    title: "A kernel pointer, list or tree is not used as the verifier demands",
    meaning:
      "Objects in maps, lists and trees have one owner. They are taken out with bpf_kptr_xchg() or the list and tree functions, under the right lock.",
    patterns: [/\bkptr\b|bpf_list|bpf_rbtree|allocated object|\bowning\b|refcount/],
    what: ["The program breaks the rules of ownership for kernel pointers, lists or trees."],
    remedies: [
      "Exchange the pointer with bpf_kptr_xchg(), and drop the old one with bpf_obj_drop() or the type's release function.",
      "Hold the lock that belongs to the list or tree.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0407",
    name: "iterator",
    class: "program",
    title: "An open-coded iterator is not used as the verifier demands",
    meaning:
      "An iterator is made by …_new(), advanced by …_next() and destroyed by …_destroy(), in one function and on every path.",
    patterns: [/\biter_|\biterator\b/],
    what: ["The iterator is not created, advanced and destroyed in order."],
    remedies: [
      "Use bpf_for() or bpf_for_each(), which do all three steps.",
      "Call …_destroy() on every path, also after an early exit of the loop.",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0408",
    name: "exception",
    class: "program",
    title: "Exceptions are not used as the verifier demands",
    meaning: "bpf_throw() needs support of the JIT, and the program may hold no object and no lock when it throws.",
    patterns: [/exception c(?:b|allback)|bpf_throw/],
    what: ["The program breaks the rules for bpf_throw() and exception callbacks."],
    remedies: [
      "Release all objects and locks before bpf_throw().",
      "Check that the JIT of this machine supports exceptions (Linux 6.7).",
    ],
    confidence: "likely",
  },
  {
    code: "BPF-E0409",
    name: "tail-call-state",
    class: "program",
    title: "A tail call is made while the program holds something",
    meaning: "A tail call does not return, so objects and locks must be released first.",
    patterns: [/tail_call would lead|tail_call .{0,64}(?:lock|reference|RCU|irq)|bpf_tail_call/],
    what: ["The program makes a tail call while it holds an object or a lock."],
    remedies: ["Release objects and locks before bpf_tail_call()."],
  },
  {
    code: "BPF-E0410",
    name: "atomic",
    class: "program",
    title: "This atomic operation is not allowed here",
    meaning:
      "Atomic operations work on the stack, map values and some other memory, in 4 or 8 bytes. Fetching operations need -mcpu=v3.",
    patterns: [/BPF_ATOMIC|\batomic\b/i],
    register: "base",
    what: ["The atomic operation is not allowed on this memory or in this form."],
    remedies: ["Do atomic operations on map values only.", "Compile with -mcpu=v3 or newer, and use __u32 or __u64."],
    confidence: "likely",
  },
  {
    code: "BPF-E0212",
    name: "arena",
    class: "program",
    title: "An arena is used in a way that is not allowed",
    meaning:
      "Arena pointers need address-space casts of the compiler, a JIT that knows them, and one arena for each program.",
    patterns: [/\barena\b/],
    what: ["The program uses an arena in a way that this kernel refuses."],
    remedies: [
      "Use one arena only, declare pointers with __arena, and compile with -mcpu=v4.",
      "Check that the kernel has arenas for this machine: Linux 6.9, with the JIT on.",
    ],
    kernels: "Arenas exist since Linux 6.9.",
  },
  {
    code: "BPF-E0312",
    name: "callback",
    class: "program",
    title: "A callback is used in a way that is not allowed",
    meaning:
      "A helper that takes a callback needs the address of a static function with the right prototype, and the callback must return what the helper expects.",
    patterns: [/expected pointer to func|\bcallback\b/],
    what: ["The callback of {call} is not accepted.", "The callback is not accepted."],
    remedies: [
      "Pass a static function with the prototype that the helper's documentation gives.",
      "Return 0 to go on or 1 to stop, and nothing else.",
    ],
    confidence: "likely",
  },
];
