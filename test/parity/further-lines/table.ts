/**
 * Command lines that are run by bpftool and by us, each as text and with -j, and those that succeed with -p, too. `{name}` stands for something of
 * setup.ts. A line is compared byte for byte: what it writes to standard output, to standard error, and its exit code.
 */
export const LINES: Readonly<Record<string, readonly string[]>> = {
  feature: lines(`
    feature list_builtins prog_types
    feature list_builtins map_types
    feature list_builtins attach_types
    feature list_builtins link_types
    feature list_builtins helpers
    feature list_builtins p
    feature list map
  `),
  "feature that fails": lines(`
    feature probe dev
    feature probe dev none_such
    feature probe kernel dev lo
    feature probe dev lo kernel
    feature probe prefix X_
    feature probe macros prefix
    feature probe macros prefix A prefix B
    feature probe macros macros
    feature probe none
    feature list_builtins none
  `),
  "net show": lines(`
    net
    net show
    net list
    net show dev near
    net show dev far
    net show dev lo
    net s d near
    net show dev none_such
  `),
  "net attach and detach that fail": lines(`
    net attach
    net attach xdp
    net attach xdp id {xdp.id} dev
    net attach bogus id {xdp.id} dev near
    net attach xdp bogus 1 dev near
    net attach xdp id 4294967295 dev near
    net attach xdp id x dev near
    net attach xdp id {xdp.id} bogus near
    net attach xdp id {xdp.id} dev none_such
    net attach xdp id {xdp.id} dev near bogus
    net attach xdp id {xdp.id} dev near prepend
    net attach tcx_ingress id {tc.id} dev near overwrite
    net detach
    net detach xdp
    net detach xdp dev
    net detach bogus dev near
    net detach xdp dev none_such
    net detach xdp bogus near
    net detach tcx_egress dev lo
  `),
  "perf, token and struct_ops": lines(`
    perf
    perf show
    perf list
    token
    token show
    token list
    struct_ops
    struct_ops show
    struct_ops list
    struct_ops dump
    struct_ops show id 4294967295
    struct_ops show id x
  `),
  batch: lines(`
    batch
    batch file
    batch file a b
    batch none x
    batch file /no/such/file
    batch file {lines}
    b f {lines}
    batch file {comments}
  `),
  "btf of a file": lines(`
    btf dump file {object}
    btf dump file {object} format raw
    btf dump file {object} format c
    btf dump file {object} format c unsorted
    btf dump file {object} root_id 1
    btf dump file {object} root_id 2 format c
    btf dump file {object} root_id 1 root_id 3
    btf dump file {object} f r
    b d f {object}
  `),
  "btf of programs and maps": lines(`
    btf show id {btf.id}
    btf list id {btf.id}
    btf dump id {btf.id}
    btf dump id {btf.id} format c
    btf dump prog id {program.id}
    btf dump prog id {program.id} format c
    btf dump map id {counts.id}
    btf dump map id {counts.id} key
    btf dump map id {counts.id} value
    btf dump map id {counts.id} kv
    btf dump map id {counts.id} all
    btf dump map id {counts.id} format c
    btf dump map id {counts.id} value format c
    btf dump map pinned {counts} format c
    btf dump prog pinned {program}
  `),
  "btf that fails": lines(`
    btf dump
    btf dump file
    btf dump bogus x
    btf dump id x
    btf dump id
    btf dump prog id x
    btf dump prog id 4294967295
    btf dump map id 4294967295
    btf dump map id x
    btf dump file {object} bogus
    btf dump file {object} format
    btf dump file {object} format bogus
    btf dump file {object} root_id x
    btf dump file {object} root_id 1 root_id 1
    btf dump file {object} root_id 999999
    btf show bogus 1
    btf show id x
    btf show id 4294967295
  `),
  "gen that fails": lines(`
    gen
    gen skeleton
    gen skeleton {object} bogus x
    gen skeleton {object} name
    gen skeleton {object} name a name b
    gen subskeleton
    gen object
    gen object {out}
    gen min_core_btf
    gen min_core_btf a
    gen min_core_btf a b
  `),
  cgroup: lines(`
    cgroup show {cgroup}
    cgroup list {cgroup}
    cgroup show {cgroup} effective
    cgroup show {cgroup}/below effective
    cgroup tree {cgroup}
    cgroup tree {cgroup} effective
    cg show {cgroup}
    cgroup show {cgroup} effective effective
    cgroup show {cgroup} bogus
    cgroup show
  `),
  link: lines(`
    link show id {link.id}
    link list id {link.id}
    link show pinned {link}
    link show id {net link.id}
    -f link show id {link.id}
    l s i {link.id}
  `),
  "link that fails": lines(`
    link show id x
    link show id 4294967295
    link pin
    link pin id {link.id}
    link pin id {link.id} {link}
    link detach
    link detach id
    link detach id x
    link detach id 4294967295
  `),
  map: lines(`
    map show id {counts.id}
    map show pinned {counts}
    -f map show id {counts.id}
    map dump id {counts.id}
    map lookup id {counts.id} key 17 0 9 0
    map lookup id {counts.id} key hex 11 00 09 00
    map lookup id {counts.id} key 1 1 1 1
    map getnext id {counts.id}
    map getnext id {counts.id} key 17 0 9 0
  `),
  "map that fails": lines(`
    map lookup id {counts.id} key 1
    map lookup id {counts.id} key 1 2 3 x
    map lookup id {counts.id}
    map lookup id {counts.id} value 1
    map lookup id {counts.id} bogus
    map update id {counts.id} key 1 2 3 4
    map update id {counts.id} key 1 2 3 4 value 1
    map delete id {counts.id} key 9 9 9 9
    map delete id {counts.id}
    map update id {counts.id} key 1 1 1 1 key 1 1 1 1
    map show id x
    map show id 4294967295
    map show bogus 1
    map create
    map create {fs}/x type bogus key 4 value 4 entries 1 name x
    map create {fs}/x type hash key x value 4 entries 1 name x
    map create {fs}/x type hash key 4 value 4 entries 1 bogus x
    map create {fs}/x type hash key 4 key 4 entries 1 name x
    map event_pipe id {counts.id}
    map freeze
    map pin id {counts.id} {counts}
  `),
  "iter that fails": lines(`
    iter pin
    iter pin {object}
  `),
};

// Each is the beginning of a line of docs/compatibility.md.
const WORD = "a lone or missing word: `what is 'X'?`, or the whole usage";
const SHOWN = "`link show id N` and `link show pinned F` print the link and exit with 255";

/** Lines for which we say something else on purpose: the words of docs/compatibility.md about it. */
export const DIFFERENT: Readonly<Record<string, string>> = {
  "btf dump": WORD,
  "btf dump file": WORD,
  "btf dump id": WORD,
  "btf dump file {object} format": "error texts are not escaped",
  gen: WORD,
  "gen skeleton": WORD,
  "gen subskeleton": WORD,
  "gen object": WORD,
  "gen object {out}": WORD,
  "gen min_core_btf": WORD,
  "gen min_core_btf a": WORD,
  "gen min_core_btf a b": WORD,
  "cgroup show {cgroup} bogus": "Additions: `details` behind the cgroup of `show` and `tree`",
  "link show id {link.id}": SHOWN,
  "link list id {link.id}": SHOWN,
  "link show pinned {link}": SHOWN,
  "link show id {net link.id}": SHOWN,
  "l s i {link.id}": SHOWN,
  "link detach": WORD,
  "link detach id": WORD,
  "iter pin": WORD,
  "iter pin {object}": WORD,
};

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
