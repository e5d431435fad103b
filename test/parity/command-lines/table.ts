/** A command line, run by bpftool and by us. */
export interface CommandLine {
  /**
   * Words, apart by one blank; `''` is an empty one. `{name}` stands for something of setup.ts, `{new}` for a new
   * directory of a bpffs, `{out}` for a new file. ` ; ` puts commands one after another; `ls DIR` lists what is pinned.
   */
  readonly line: string;
  /** Where we say something else on purpose: the words of docs/compatibility.md about it. */
  readonly differs?: string;
  /** A listing of all that is loaded, of which only the test's own is compared. */
  readonly all?: true;
  /** What it prints depends on the machine: compared with the bpftool that is there, but not recorded. */
  readonly local?: true;
}

/** Rows without anything special, one a line. */
function same(lines: string): CommandLine[] {
  return lines
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => ({ line }));
}

function differs(reason: string, lines: string): CommandLine[] {
  return same(lines).map(({ line }) => ({ line, differs: reason }));
}

function all(...lines: string[]): CommandLine[] {
  return lines.map((line) => ({ line, all: true }));
}

// Each is the beginning of a line of docs/compatibility.md.
const WORD = "a lone or missing word: `what is 'X'?`, or the whole usage";
const NONE = "`prog show name X` without a match: nothing printed, 255";
const TAG = "`can't parse tag`";
const KIND = "`incorrect object type: prog`";
const PLACE = "`bpf obj get (F): No such file or directory`, `bpf obj get (DIR): directory not in bpf file system`";
const WRAP = 'ids wrap modulo 2^32; `id ""` is 0';
const USAGE = "an unknown option is followed by the whole usage";
const UNKNOWN = "an unknown object or command prints the whole usage; in JSON `null`";
const NULL = "`expected 'xlated' or 'jited', got: (null)`";
const SEVERAL = "`several programs match this handle`";
const SEVERAL2 = "`several programs matched`";
const NOMOUNT = "`no BPF file system found, not mounting it due to --nomount option`";
const DOT = "a name with a dot";
const EXTRA = "extra words after `version`, `prog pin \u2026`";
const LOAD = "`Error: failed to load object file`; the reason is somewhere";
const OPEN = "`Error: failed to open object file`";
const TYPE = "`type NOSUCH`: libbpf's list of names, no error line, nothing in JSON";
const SECTION = "a section that tells no type: nothing printed but by libbpf";
const MAPIDX = "`map idx 'N' not used`, `unable to find map 'S'`";
const NEWLINE = "JSON of `-S` without its files, and of `-h`, has no line end";
const RUN524 = "`failed to run program: Unknown error 524`";
const ATTACH = "`failed prog attach to map`";
const LOADER = "`-L` ignores the path and all words behind it";
const JIT = "`prog dump jited` of a bpftool that was built without a disassembler";
const DEV = "`dev NAME` warns with its own words";
const HELP = "`bpftool` in the usage";
const VERSION = "`version` prints bpftool's";

/** The table, by what it is about. */
export const GROUPS: Readonly<Record<string, readonly CommandLine[]>> = {
  "show by every selector": same(`
    prog show id {counter/ingress.id}
    prog show id {counter/ingress.hex}
    prog show id {counter/ingress.octal}
    prog list id {counter/ingress.id}
    prog show pinned {counter/ingress}
    prog show name {twin}
    prog show name {third}
    prog show name {long}
    prog show tag {one.tag}
    -j prog show id {counter/ingress.id}
    -j prog show pinned {counter/ingress}
    -j prog show name {twin}
    -j prog show name {third}
    -j prog show name {long}
    -j prog show tag {one.tag}
    -p prog show id {counter/ingress.id}
    -p prog show pinned {counter/ingress}
    -p prog show name {twin}
    -p prog show name {third}
    -p prog show tag {one.tag}
    prog show id {counter/forked.id}
    prog show id {kfuncs/call.id}
    prog show id {metadata/program.id}
    -j prog show id {metadata/program.id}
    -p prog show id {metadata/program.id}
    prog show id {closed.id}
    -j prog show id {closed.id}
    -p prog show id {closed.id}
    prog show id {names/long.id}
    -f prog show id {counter/ingress.id}
    -f prog show name {twin}
    -fj prog show id {counter/ingress.id}
    -fp prog show name {twin}
    -f prog show id {closed.id}
    -fj prog show id {closed.id}
  `),
  "show of all": all(
    "prog",
    "prog show",
    "prog list",
    "p",
    "p s",
    "prog l",
    "-j prog",
    "prog -j show",
    "prog show --json",
    "-p prog show",
    "-f prog show",
    "-f -j prog show",
  ),
  "cut words": same(`
    p s id {one.id}
    p l id {one.id}
    prog sh i {one.id}
    prog show t {one.tag}
    prog s na {third}
    prog s p {one}
    p d x id {one.id}
    p d x i {one.id} o
    prog dum xl id {one.id} opc
    prog d x id {one.id} l
    prog d x id {one.id} v
  `),
  "options anywhere": same(`
    prog --json show id {one.id}
    prog show -j id {one.id}
    prog show id -j {one.id}
    prog show id {one.id} -j
    prog show id {one.id} --js
    prog show id {one.id} --pretty
    prog show id {one.id} --pre
    prog show id {one.id} -jp
    -jpf prog show id {one.id}
    --bpffs prog show id {one.id}
    --json --nomount prog show id {one.id}
    -d prog show pinned {one}
    -m prog show id {one.id}
    -n prog show id {one.id}
    -L prog show id {one.id}
    prog show -- id {one.id}
    -j -- prog show id {one.id}
  `),
  "show that fails": [
    ...same(`
      prog show id 4294967295
      -j prog show id 4294967295
      -p prog show id 4294967295
      prog show id x
      -j prog show id x
      prog show id 1x
      prog show bogus 1
      -j prog show bogus 1
      -j prog --bogus
    `),
    ...differs(
      WORD,
      `
        prog show id
        -j prog show id
        prog show tag
        prog show name
        prog show pinned
        prog show bogus
        prog show id {one.id} id {two.id}
        -j prog show id {one.id} id {two.id}
      `,
    ),
    ...differs(
      NONE,
      `
        prog show tag 0123456789abcdef
        -j prog show tag 0123456789abcdef
        prog show name no_such_program
        -j prog show name no_such_program
        prog show name a_program_of_15
      `,
    ),
    ...differs(
      TAG,
      `
        prog show tag xyz
        -j prog show tag xyz
        prog show name a_name_of_more_than_a_hundred_and_twenty_eight_characters_a_name_of_more_than_a_hundred_and_twenty_eight_characters_a_name_of_more_than
      `,
    ),
    ...differs(
      PLACE,
      `
        prog show pinned /no/such/file
        -j prog show pinned /no/such/file
        -p prog show pinned /no/such/file
        prog show pinned {text}
        prog show pinned {dir}
        prog show pinned {fs}
      `,
    ),
    ...differs(
      KIND,
      `
        prog show pinned {counter/maps/counts}
        -j prog show pinned {counter/maps/counts}
      `,
    ),
    ...differs(
      WRAP,
      `
        prog show id ''
        prog show id 4294967296
      `,
    ),
    ...differs(
      USAGE,
      `
        prog show id -1
        prog --bogus
      `,
    ),
    ...differs(
      UNKNOWN,
      `
        prog bogus
        -j prog bogus
        bogus
        -j bogus
      `,
    ),
  ],
  "dump xlated": same(`
    prog dump xlated id {counter/ingress.id}
    prog dump xlated id {counter/ingress.id} opcodes
    prog dump xlated id {counter/ingress.id} linum
    prog dump xlated id {counter/ingress.id} opcodes linum
    prog dump xlated id {counter/ingress.id} linum opcodes
    -j prog dump xlated id {counter/ingress.id}
    -j prog dump xlated id {counter/ingress.id} opcodes
    -j prog dump xlated id {counter/ingress.id} linum
    -j prog dump xlated id {counter/ingress.id} opcodes linum
    -p prog dump xlated id {counter/ingress.id}
    -p prog dump xlated id {counter/ingress.id} opcodes linum
    prog dump xlated pinned {functions/first}
    prog dump xlated pinned {functions/first} opcodes linum
    -j prog dump xlated pinned {functions/first}
    prog dump xlated id {kfuncs/call.id}
    -j prog dump xlated id {kfuncs/call.id}
    prog dump xlated id {metadata/program.id}
    prog dump xlated id {metadata/program.id} visual
    prog dump xlated id {metadata/program.id} visual opcodes linum
    prog dump xlated id {closed.id} visual
    prog dump xlated name {third}
    prog dump xlated name {twin}
    -j prog dump xlated name {twin}
    -p prog dump xlated name {twin} opcodes
    prog dump xlated tag {one.tag}
    prog dump xlated tag {one.tag} opcodes
    -j prog dump xlated tag {one.tag}
    prog dump xlated id {one.id} file {out}
    -j prog dump xlated id {one.id} file {out}
    -p prog dump xlated id {one.id} file {out}
  `),
  "dump that fails": [
    ...same(`
      prog dump bogus id 1
      -j prog dump bogus id 1
      prog dump xlated bogus 1
      prog dump xlated id x
      prog dump xlated id 4294967295
      -j prog dump xlated id 4294967295
      prog dump xlated id {one.id} file
      prog dump xlated id {one.id} file {dir}
      prog dump xlated id {one.id} file /no/such/file
      -j prog dump xlated id {one.id} file /no/such/file
      -j prog dump xlated id {one.id} visual
    `),
    ...differs(
      NULL,
      `
        prog dump
        -j prog dump
      `,
    ),
    ...differs(
      WORD,
      `
        prog dump xlated
        -j prog dump xlated
        prog dump xlated id
        prog dump xlated id {one.id} bogus
        -j prog dump xlated id {one.id} bogus
        prog dump xlated id {one.id} opcodes bogus
      `,
    ),
    ...differs(
      SEVERAL2,
      `
        prog dump xlated tag {one.tag} file {out}
        -j prog dump xlated tag {one.tag} file {out}
        prog dump xlated tag {one.tag} visual
      `,
    ),
    ...differs(
      NONE,
      `
        prog dump xlated name no_such_program
        prog dump xlated tag 0123456789abcdef
      `,
    ),
  ],
  pin: [
    ...same(`
      prog pin id {one.id} {new}/p ; ls {new} ; prog show pinned {new}/p
      prog pin pinned {one} {new}/p ; ls {new}
      prog pin name {third} {new}/p ; ls {new}
      -j prog pin id {one.id} {new}/p
      -p prog pin id {one.id} {new}/p
      -n prog pin id {one.id} {new}/p ; ls {new}
      prog pin id {one.id} {one}
      -j prog pin id {one.id} {one}
      prog pin id {one.id} {fs}
      prog pin id {one.id} {fs}/none/p
      -j prog pin id {one.id} {fs}/none/p
      prog pin id {one.id} /no/such/dir/p
      prog pin id 4294967295 {new}/p
      prog pin id x {new}/p
      prog pin
      -j prog pin
      prog pin id
      prog pin id {one.id}
      -j prog pin id {one.id}
    `),
    ...differs(
      SEVERAL,
      `
        prog pin tag {one.tag} {new}/p
        -j prog pin tag {one.tag} {new}/p
        prog pin name {twin} {new}/p
      `,
    ),
    ...differs(
      NOMOUNT,
      `
        -n prog pin id {one.id} {dir}/p
      `,
    ),
    ...differs(
      DOT,
      `
        prog pin id {one.id} {new}/a.b
      `,
    ),
    ...differs(
      EXTRA,
      `
        prog pin id {one.id} {new}/p more
      `,
    ),
  ],
  load: [
    ...same(`
      prog load test/bpf/minimal.bpf.o {new}/p ; ls {new} ; prog show pinned {new}/p
      -j prog load test/bpf/minimal.bpf.o {new}/p ; -j prog show pinned {new}/p
      -p prog load test/bpf/minimal.bpf.o {new}/p ; -p prog show pinned {new}/p
      -n prog load test/bpf/minimal.bpf.o {new}/p ; ls {new}
      prog load test/bpf/counter.bpf.o {new}/p ; ls {new} ; prog show pinned {new}/p ; prog dump xlated pinned {new}/p
      prog load test/bpf/counter.bpf.o {new}/p pinmaps {new}/maps ; ls {new}
      prog load test/bpf/minimal.bpf.o {new}/p type xdp ; prog show pinned {new}/p
      prog load test/bpf/minimal.bpf.o {new}/p type socket ; prog show pinned {new}/p
      prog load test/bpf/minimal.bpf.o {new}/p type classifier ; prog show pinned {new}/p
      prog load test/bpf/minimal.bpf.o {new}/p type kprobe ; prog show pinned {new}/p
      prog load test/bpf/counter.bpf.o {new}/p map name counts id {counter/maps/counts.id} ; prog show pinned {new}/p
      prog load test/bpf/counter.bpf.o {new}/p map name counts pinned {counter/maps/counts} ; prog show pinned {new}/p
      prog load test/bpf/counter.bpf.o {new}/p map idx 0 id {counter/maps/counts.id} ; prog show pinned {new}/p
      prog load test/bpf/counter.bpf.o {new}/p m i 0 i {counter/maps/counts.id} m n forks i {counter/maps/forks.id} ; prog show pinned {new}/p
      prog load test/bpf/core-fields.bpf.o {new}/p kernel_btf /sys/kernel/btf/vmlinux ; prog show pinned {new}/p
      prog load test/bpf/minimal.bpf.o {new}/p autoattach ; prog show pinned {new}/p
      -j prog load test/bpf/minimal.bpf.o {new}/p autoattach
      prog loadall test/bpf/minimal.bpf.o {new}/d ; ls {new}
      prog loadall test/bpf/counter.bpf.o {new}/d ; ls {new} ; prog show pinned {new}/d/forked
      -j prog loadall test/bpf/counter.bpf.o {new}/d ; ls {new}
      -p prog loadall test/bpf/counter.bpf.o {new}/d
      prog loadall test/bpf/counter.bpf.o {new}/d pinmaps {new}/maps ; ls {new} ; prog show pinned {new}/d/egress
      prog loadall test/bpf/counter.bpf.o {new}/d p {new}/d ; ls {new}
      prog loadall test/bpf/data-sections.bpf.o {new}/d pinmaps {new}/maps ; ls {new}
      prog loadall test/bpf/maps-nested.bpf.o {new}/d pinmaps {new}/maps ; ls {new}
      prog loadall test/bpf/functions.bpf.o {new} ; ls {new}
      prog loada test/bpf/minimal.bpf.o {new}/d ; ls {new}
      -m prog loadall test/bpf/minimal.bpf.o {new}/d ; ls {new}
      prog loadall test/bpf/sections-cgroup.bpf.o {new}/d ; ls {new}
      prog loadall test/bpf/sections-net.bpf.o {new}/d ; ls {new}
      prog loadall test/bpf/names-long.bpf.o {new}/d pinmaps {new}/maps ; ls {new}
    `),
    ...differs(
      LOAD,
      `
        prog load test/bpf/minimal.bpf.o {new}/p t cgroup/skb ; prog show pinned {new}/p
        prog load test/bpf/counter.bpf.o {new}/p type xdp pinmaps {new}/maps ; ls {new}
      `,
    ),
  ],
  "load that fails": [
    ...same(`
      prog load
      -j prog load
      prog load test/bpf/minimal.bpf.o
      -j prog load test/bpf/minimal.bpf.o
      prog loadall
      prog load test/bpf/empty.bpf.o {new}/p
      prog loadall test/bpf/empty.bpf.o {new}/p ; ls {new}
      prog load test/bpf/minimal.bpf.o {one}
      -j prog load test/bpf/minimal.bpf.o {one}
      prog load test/bpf/minimal.bpf.o {fs}
      prog load test/bpf/minimal.bpf.o /no/such/dir/p
      prog load test/bpf/minimal.bpf.o {new}/p type
      prog load test/bpf/minimal.bpf.o {new}/p type xdp type xdp
      -j prog load test/bpf/minimal.bpf.o {new}/p type xdp type xdp
      prog load test/bpf/minimal.bpf.o {new}/p map
      prog load test/bpf/minimal.bpf.o {new}/p map idx 0 id
      prog load test/bpf/minimal.bpf.o {new}/p map idx x id 1
      prog load test/bpf/minimal.bpf.o {new}/p map bogus 0 id 1
      prog load test/bpf/minimal.bpf.o {new}/p map idx 0 id 4294967295
      -j prog load test/bpf/minimal.bpf.o {new}/p map idx 0 id 4294967295
      prog load test/bpf/counter.bpf.o {new}/p map idx 0 id {counter/maps/counts.id} map idx 0 id {counter/maps/counts.id}
      prog load test/bpf/counter.bpf.o {new}/p map name forks id {counter/maps/counts.id}
      prog load test/bpf/minimal.bpf.o {new}/p offload_dev
      prog load test/bpf/minimal.bpf.o {new}/p offload_dev nosuchdev
      -j prog load test/bpf/minimal.bpf.o {new}/p offload_dev nosuchdev
      prog load test/bpf/minimal.bpf.o {new}/p xdpmeta_dev nosuchdev
      prog load test/bpf/minimal.bpf.o {new}/p offload_dev lo offload_dev lo
      prog load test/bpf/minimal.bpf.o {new}/p offload_dev lo xdpmeta_dev lo
      prog load test/bpf/minimal.bpf.o {new}/p xdpmeta_dev lo offload_dev lo
      prog load test/bpf/minimal.bpf.o {new}/p xdpmeta_dev lo xdpmeta_dev lo
      prog load test/bpf/minimal.bpf.o {new}/p pinmaps
      prog load test/bpf/minimal.bpf.o {new}/p kernel_btf
      prog load test/bpf/minimal.bpf.o {new}/p bogus
      -j prog load test/bpf/minimal.bpf.o {new}/p bogus
      -S prog load test/bpf/minimal.bpf.o {new}/p
      -k key prog load test/bpf/minimal.bpf.o {new}/p
    `),
    ...differs(DEV, "prog load test/bpf/minimal.bpf.o {new}/p dev nosuchdev"),
    ...differs(
      OPEN,
      `
        prog load /no/such/file {new}/p
        -j prog load /no/such/file {new}/p
        prog load {dir} {new}/p
        -j prog load {dir} {new}/p
        prog load {empty} {new}/p
        -j prog load {empty} {new}/p
        prog load {text} {new}/p
        prog load {cut} {new}/p
      `,
    ),
    ...differs(
      LOAD,
      `
        prog load test/bpf/verifier-null.bpf.o {new}/p
        -j prog load test/bpf/verifier-null.bpf.o {new}/p
        prog load test/bpf/minimal.bpf.o {new}/p offload_dev lo
        prog load test/bpf/core-fields.bpf.o {new}/p kernel_btf /no/such/file
        prog load test/bpf/core-fields.bpf.o {new}/p kernel_btf {text}
      `,
    ),
    ...differs(
      SECTION,
      `
        prog load test/bpf/sections-unknown.bpf.o {new}/p
        -j prog load test/bpf/sections-unknown.bpf.o {new}/p
      `,
    ),
    ...differs(
      NOMOUNT,
      `
        -n prog load test/bpf/minimal.bpf.o {dir}/p
        -n prog loadall test/bpf/minimal.bpf.o {dir}/p
      `,
    ),
    ...differs(
      DOT,
      `
        prog load test/bpf/minimal.bpf.o {new}/a.b
      `,
    ),
    ...differs(
      TYPE,
      `
        prog load test/bpf/minimal.bpf.o {new}/p type bogus
        -j prog load test/bpf/minimal.bpf.o {new}/p type bogus
      `,
    ),
    ...differs(
      MAPIDX,
      `
        prog load test/bpf/minimal.bpf.o {new}/p map idx 7 id {counter/maps/counts.id}
        prog load test/bpf/minimal.bpf.o {new}/p map name bogus id {counter/maps/counts.id}
      `,
    ),
    ...differs(
      NEWLINE,
      `
        -j -S prog load test/bpf/minimal.bpf.o {new}/p
      `,
    ),
  ],
  run: [
    ...same(`
      prog run id {run/length.id} data_in {packet}
      -j prog run id {run/length.id} data_in {packet}
      -p prog run id {run/length.id} data_in {packet}
      prog run id {run/length.id} data_in {packet} repeat 5
      -j prog run pinned {run/length} data_in {packet} repeat 5
      prog run id {run/length.id} data_in {packet} data_out -
      -j prog run id {run/length.id} data_in {packet} data_out -
      prog run id {run/length.id} data_in {packet} data_out - data_size_out 64
      prog run id {run/write.id} data_in {packet} data_out -
      prog r id {run/length.id} data_in {packet}
      prog run
      -j prog run
      prog run id {run/length.id}
      prog run id {run/length.id} data {packet}
      prog run id {run/length.id} data_in
      prog run id {run/length.id} data_in /no/such/file
      -j prog run id {run/length.id} data_in /no/such/file
      prog run id {run/length.id} data_in {packet} bogus
      prog run id {run/length.id} data_in {packet} repeat x
      prog run id {run/length.id} data_in {packet} data_in {packet}
      prog run id 4294967295 data_in {packet}
    `),
    ...differs(
      RUN524,
      `
        prog run id {sk_msg.id} data_in {packet}
      `,
    ),
  ],
  "attach and detach": [
    ...same(`
      prog attach id {sk_msg.id} sk_msg_verdict id {sockmap.id} ; prog detach id {sk_msg.id} sk_msg_verdict id {sockmap.id}
      prog attach id {sk_msg.id} msg_verdict id {sockmap.id} ; prog detach id {sk_msg.id} msg_verdict id {sockmap.id}
      -j prog attach id {sk_msg.id} sk_msg_verdict id {sockmap.id} ; -j prog detach id {sk_msg.id} sk_msg_verdict id {sockmap.id}
      prog attach id {sk_skb.id} sk_skb_verdict id {sockmap.id} ; prog detach id {sk_skb.id} skb_verdict id {sockmap.id}
      prog attach id {sk_skb.id} stream_p id {sockmap.id} ; prog detach id {sk_skb.id} sk_skb_stream_parser id {sockmap.id}
      prog attach
      -j prog attach
      prog attach id {sk_msg.id}
      prog attach id {sk_msg.id} sk_msg_verdict
      prog attach id {sk_msg.id} sk_msg_verdict id 4294967295
      prog attach id 4294967295 sk_msg_verdict id {sockmap.id}
      prog detach
    `),
    ...differs(
      ATTACH,
      `
        prog attach id {sk_msg.id} bogus id {sockmap.id}
        -j prog attach id {sk_msg.id} bogus id {sockmap.id}
        prog attach id {one.id} sk_msg_verdict id {sockmap.id}
        -j prog attach id {one.id} sk_msg_verdict id {sockmap.id}
        prog detach id {sk_msg.id} sk_msg_verdict id {sockmap.id}
        prog detach id {one.id} bogus
      `,
    ),
  ],
  "loader programs": [
    ...differs(
      LOADER,
      `
        -L prog load test/bpf/minimal.bpf.o {new}/p ; ls {new} ; prog show pinned {new}/p
        -L prog load test/bpf/counter.bpf.o {new}/p pinmaps {new} ; ls {new}
        -L prog load
      `,
    ),
    ...differs(OPEN, "-L prog load /no/such/file {new}/p"),
    ...same("-L prog loadall test/bpf/minimal.bpf.o {new}/d ; ls {new}"),
  ],
  "dump jited": [
    "prog dump jited id {one.id}",
    "prog dump jited id 4294967295",
    "prog dump jited",
    "-j prog dump jited",
  ].map((line) => ({ line, differs: JIT, local: true }) as const),
  "help and version": [
    ...same("-j prog help\n-p prog help\n-j help"),
    ...["prog help", "prog h", "-h", "help", "prog -h"].map((line) => ({ line, differs: HELP, local: true }) as const),
    ...["version", "-V", "-V prog show", "-j version", "-p version"].map(
      (line) => ({ line, differs: VERSION, local: true }) as const,
    ),
    ...differs(NEWLINE, "-j -h"),
  ],
};
