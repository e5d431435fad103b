/** Whether this is a machine of scripts/vm under emulation, where code runs thirty times slower than here. */
export const isEmulated: boolean = process.env.BPFTS_VM !== undefined;

/** How often a test does something that it does `count` times on hardware: what it asserts stays the same. */
export function rounds(count: number): number {
  return isEmulated ? Math.ceil(count / 10) : count;
}
