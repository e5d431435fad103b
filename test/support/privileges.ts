/**
 * The beginning of a command line that runs a program as root without these capabilities: `-all`, `-net_admin`. It still
 * reads this checkout where only root may, as below /root.
 */
export function withoutCapabilities(capabilities: string): readonly [command: string, ...args: string[]] {
  return ["setpriv", `--bounding-set=${capabilities}`, `--inh-caps=${capabilities}`];
}
