import { mapCreate, OwnedFd } from "../../sys/index.ts";
import { BPF_OBJ_NAME_LEN, mapTypeByName } from "../../uapi/index.ts";
import type { Run } from "../command/command.ts";
import { CommandError } from "../failure/command-error.ts";
import { failedTo } from "../failure/reason.ts";
import { deviceByName } from "../handle/device.ts";
import { takeMap } from "../handle/map.ts";
import { pinAt, prepareFile } from "../handle/pin.ts";
import { done } from "../output/answer.ts";
import { type Warn, warnOf } from "../output/write.ts";
import type { Words } from "../words/words.ts";
import { parseU32 } from "../words/words.ts";

interface Wanted {
  type?: number | undefined;
  name?: string;
  key?: number;
  value?: number;
  entries?: number;
  flags?: number;
  ifindex?: number;
  inner?: OwnedFd;
}

/** `bpfts map create FILE type TYPE key N value N entries N name NAME …`. */
export const createMap: Run = (words, options) => {
  words.need(7);
  const path = words.take("a file");
  const wanted: Wanted = {};
  const warn = warnOf(options);
  try {
    while (words.left > 0) takeSetting(words, wanted, warn);
    const { name } = wanted;
    if (name === undefined) throw new CommandError("map name not specified");
    prepareFile(path, options);
    if (Buffer.byteLength(name) > BPF_OBJ_NAME_LEN - 1) warn(CUT_NAME);
    using fd = create(wanted, name);
    pinAt(path, fd.number, options);
    return done;
  } finally {
    wanted.inner?.close();
  }
};

const CUT_NAME = `Warning: map name is longer than ${BPF_OBJ_NAME_LEN - 1} characters, it will be truncated.\n`;
const DEPRECATED_DEV =
  "Warning: 'dev NAME' is the older way to write 'offload_dev NAME', which offloads the map to the device.\n";

function create(wanted: Wanted, map_name: string): OwnedFd {
  try {
    const fd = mapCreate({
      map_type: wanted.type ?? 0,
      map_name,
      key_size: wanted.key,
      value_size: wanted.value,
      max_entries: wanted.entries,
      map_flags: wanted.flags,
      map_ifindex: wanted.ifindex,
      inner_map_fd: wanted.inner?.number,
    });
    return new OwnedFd(fd, `map ${map_name}`);
  } catch (error) {
    throw failedTo("map create failed", error);
  }
}

function takeSetting(words: Words, wanted: Wanted, warn: Warn): void {
  words.need(2);
  if (words.takeKeyword("type")) {
    const type = words.take("a type");
    if (wanted.type !== undefined) throw new CommandError("map type already specified");
    wanted.type = mapTypeByName(type);
    if (wanted.type === undefined) throw new CommandError(`unrecognized map type: ${type}`);
  } else if (words.takeKeyword("name")) wanted.name = words.take("a name");
  else if (words.takeKeyword("key")) wanted.key = takeNumber(words, wanted.key, "key size");
  else if (words.takeKeyword("value")) wanted.value = takeNumber(words, wanted.value, "value size");
  else if (words.takeKeyword("entries")) wanted.entries = takeNumber(words, wanted.entries, "max entries");
  else if (words.takeKeyword("flags")) wanted.flags = takeNumber(words, wanted.flags, "flags");
  else if (words.takeKeyword("dev")) {
    warn(DEPRECATED_DEV);
    takeDevice(words, wanted);
  } else if (words.takeKeyword("offload_dev")) takeDevice(words, wanted);
  else if (words.takeKeyword("inner_map")) {
    if (wanted.inner !== undefined) throw new CommandError("inner map already specified");
    wanted.inner = takeMap(words, "read");
  } else throw new CommandError(`unknown arg ${words.peek}`);
}

function takeDevice(words: Words, wanted: Wanted): void {
  const name = words.take("a device");
  if (wanted.ifindex !== undefined) throw new CommandError("offload device already specified");
  wanted.ifindex = deviceByName(name);
}

function takeNumber(words: Words, known: number | undefined, what: string): number {
  const word = words.take("a number");
  if (known !== undefined) throw new CommandError(`${what} already specified`);
  return parseU32(word, what);
}
