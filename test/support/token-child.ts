// The child process of the token test. It is root in its own user namespace, and asks its parent, which has privileges,
// to delegate BPF features to it.
import { openSync } from "node:fs";
import { mapCreate, mapInfo, progLoad, progTestRun, tokenCreate, tokenInfo } from "../../src/sys/index.ts";
import { BpfMapFlag, BpfMapType, BpfProgType } from "../../src/uapi/index.ts";
import { delegatedBpffs } from "./delegated.ts";
import { returning } from "./programs.ts";

function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return (error as Error).message;
  }
}

delegatedBpffs().then((mounted) => {
  const directory = openSync(`/proc/self/fd/${mounted}/.`, "r");
  const token = attempt(() => tokenCreate(directory)) as number;
  const map = { map_type: BpfMapType.BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 4, max_entries: 1 };
  const program = { prog_type: BpfProgType.BPF_PROG_TYPE_XDP, insns: returning(2) };
  const result = {
    token,
    allowed: attempt(() => tokenInfo(token).allowed_maps.toString(16)),
    without: attempt(() => mapCreate(map)),
    withToken: attempt(
      () => mapInfo(mapCreate({ ...map, map_flags: BpfMapFlag.BPF_F_TOKEN_FD, map_token_fd: token })).max_entries,
    ),
    program: attempt(
      () =>
        progTestRun(progLoad({ ...program, prog_flags: BpfMapFlag.BPF_F_TOKEN_FD, prog_token_fd: token }), {
          data_in: new Uint8Array(64),
        }).retval,
    ),
  };
  console.log(JSON.stringify(result));
  process.exit(0);
});
