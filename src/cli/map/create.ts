import { tokenPath, usingToken } from "../../kernel/index.ts";
import { mapCreate, OwnedFd } from "../../sys/index.ts";
import { BPF_OBJ_NAME_LEN, mapTypeByName, mapTypeName, namesInOrder } from "../../uapi/index.ts";
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

interface MapSettings {
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
  const settings: MapSettings = {};
  const warn = warnOf(options);
  try {
    while (words.left > 0) takeSetting(words, settings, warn);
    const { name } = settings;
    if (name === undefined) throw new CommandError("map name not specified");
    prepareFile(path, options);
    if (Buffer.byteLength(name) > BPF_OBJ_NAME_LEN - 1) warn(CUT_NAME);
    using fd = usingToken(tokenPath(options.token) ?? "", () => create(settings, name));
    pinAt(path, fd.number, options);
    return done;
  } finally {
    settings.inner?.close();
  }
};

const CUT_NAME = `Warning: map name is longer than ${BPF_OBJ_NAME_LEN - 1} characters, it will be truncated.\n`;
const DEPRECATED_DEV =
  "Warning: 'dev NAME' is the older way to write 'offload_dev NAME', which offloads the map to the device.\n";

function create(settings: MapSettings, map_name: string): OwnedFd {
  try {
    const fd = mapCreate({
      map_type: settings.type ?? 0,
      map_name,
      key_size: settings.key,
      value_size: settings.value,
      max_entries: settings.entries,
      map_flags: settings.flags,
      map_ifindex: settings.ifindex,
      inner_map_fd: settings.inner?.number,
    });
    return new OwnedFd(fd, `map ${map_name}`);
  } catch (error) {
    throw failedTo("map create failed", error);
  }
}

function takeSetting(words: Words, settings: MapSettings, warn: Warn): void {
  words.need(2);
  if (words.takeKeyword("type")) {
    const type = words.take("a type");
    if (settings.type !== undefined) throw new CommandError("map type already specified");
    settings.type = mapTypeByName(type);
    if (settings.type === undefined) {
      const typo = { word: type, names: namesInOrder(mapTypeName) };
      throw new CommandError(`unrecognized map type: ${type}`, { typo });
    }
  } else if (words.takeKeyword("name")) settings.name = words.take("a name");
  else if (words.takeKeyword("key")) settings.key = takeNumber(words, settings.key, "key size");
  else if (words.takeKeyword("value")) settings.value = takeNumber(words, settings.value, "value size");
  else if (words.takeKeyword("entries")) settings.entries = takeNumber(words, settings.entries, "max entries");
  else if (words.takeKeyword("flags")) settings.flags = takeNumber(words, settings.flags, "flags");
  else if (words.takeKeyword("dev")) {
    warn(DEPRECATED_DEV);
    takeDevice(words, settings);
  } else if (words.takeKeyword("offload_dev")) takeDevice(words, settings);
  else if (words.takeKeyword("inner_map")) {
    if (settings.inner !== undefined) throw new CommandError("inner map already specified");
    settings.inner = takeMap(words, "read");
  } else {
    const names = ["type", "name", "key", "value", "entries", "flags", "offload_dev", "inner_map"];
    throw new CommandError(`unknown arg ${words.peek}`, { typo: { word: words.peek ?? "", names } });
  }
}

function takeDevice(words: Words, settings: MapSettings): void {
  const name = words.take("a device");
  if (settings.ifindex !== undefined) throw new CommandError("offload device already specified");
  settings.ifindex = deviceByName(name);
}

function takeNumber(words: Words, known: number | undefined, what: string): number {
  const word = words.take("a number");
  if (known !== undefined) throw new CommandError(`${what} already specified`);
  return parseU32(word, what);
}
