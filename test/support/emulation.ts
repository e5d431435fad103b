/** True in a virtual machine of scripts/vm. It is emulated, so code runs about thirty times slower than on hardware. */
export const isEmulated: boolean = process.env.BPFTS_VM !== undefined;

/**
 * Returns how often a test shall repeat something that it repeats `count` times on hardware. Under emulation this is
 * fewer times; the assertions must stay the same.
 */
export function rounds(count: number): number {
  return isEmulated ? Math.ceil(count / 10) : count;
}
