import type { NetAttachments, TcFilterAttachment, TcxAttachment, XdpAttachment } from "../../inventory/index.ts";
import { netfilterJson, netfilterText } from "../link/render.ts";
import type { JsonValue } from "../output/json-writer.ts";
import { escapeName } from "../output/terminal-text.ts";

type Tc = NetAttachments["tc"][number];

/** Returns the text of `net show`. */
export function netText({ xdp, tc, flowDissector, netfilter }: NetAttachments): string {
  const links = netfilter.map((info) => `${netfilterText(info)} prog_id ${info.progId}`);
  return [
    `xdp:\n${xdp.map(xdpText).join("")}\n`,
    `tc:\n${tc.map(tcText).join("")}\n`,
    `flow_dissector:\n${flowDissector === undefined ? "" : `id ${flowDissector}`}\n`,
    `netfilter:\n${links.join("")}\n`,
  ].join("");
}

/** Returns the JSON of `net show`. */
export function netJson({ xdp, tc, flowDissector, netfilter }: NetAttachments): JsonValue {
  return [
    {
      xdp: xdp.map(xdpJson),
      tc: tc.map(tcJson),
      flow_dissector: flowDissector === undefined ? [] : [{ id: flowDissector }],
      netfilter: netfilter.map((info) => ({ ...netfilterJson(info), id: info.progId })),
    },
  ];
}

function place({ deviceName, ifindex }: { deviceName: string; ifindex: number }): string {
  return `${escapeName(deviceName)}(${ifindex})`;
}

function xdpText(at: XdpAttachment): string {
  return `${place(at)}${at.programs.map(({ mode, progId }) => ` ${mode} id ${progId}`).join("")}\n`;
}

function xdpJson({ deviceName, ifindex, programs }: XdpAttachment): JsonValue {
  const modes = programs.map(({ mode, progId }) => ({ mode, id: progId }));
  return { devname: deviceName, ifindex, ...(modes.length === 1 ? modes[0] : { multi_attachments: modes }) };
}

function isListed(at: Tc): at is TcxAttachment {
  return "linkId" in at;
}

function tcText(at: Tc): string {
  const name = at.name === undefined ? "" : ` ${escapeName(at.name)}`;
  const head = `${place(at)} ${at.hook}${name}`;
  if (!isListed(at)) return `${head}${filterText(at)}\n`;
  return `${head} prog_id ${at.progId} ${at.linkId === undefined ? "" : `link_id ${at.linkId} `}\n`;
}

function filterText({ progId, actions }: TcFilterAttachment): string {
  const id = progId === undefined ? "" : ` id ${progId}`;
  if (actions === undefined) return id;
  return `${id} act [${actions.map((one) => `{${escapeName(one.name ?? "")}${one.progId === undefined ? "" : ` id ${one.progId}`}}`).join("")}] `;
}

function tcJson(at: Tc): JsonValue {
  const { deviceName, ifindex, hook, name, progId } = at;
  const head = { devname: deviceName, ifindex, kind: hook, name };
  if (!isListed(at)) {
    return { ...head, id: progId, act: at.actions?.map((action) => ({ name: action.name, id: action.progId })) };
  }
  // Both arrays of flags are empty, because the kernel reports no flags for the single programs and links.
  return { ...head, prog_id: progId, prog_flags: [], link_id: at.linkId ?? 0, link_flags: [] };
}
