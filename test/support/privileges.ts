/**
 * Returns the beginning of a command line that runs a program as root without some capabilities. `capabilities` is for
 * example `-all` or `-net_admin`. The program can still read this checkout, even below /root, which only root may read.
 */
export function withoutCapabilities(capabilities: string): readonly [command: string, ...args: string[]] {
  return ["setpriv", `--bounding-set=${capabilities}`, `--inh-caps=${capabilities}`];
}
