import { FormatError } from "../../errors/index.ts";

/**
 * Bounds the work that one object's CO-RE relocations may cause. Types that nest themselves in several members make
 * libbpf's recursions exponential; a large real object (10,000 relocations against `struct task_struct`) needs some
 * three million steps.
 */
export class CoreBudget {
  #left: number;
  readonly #source: string;

  /** @param source whose relocations they are, for the error. */
  constructor(source: string, steps = 10_000_000) {
    this.#left = steps;
    this.#source = source;
  }

  /** Takes `steps` comparisons of members, parameters or enumerators; throws FormatError when none are left. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0)
      throw new FormatError({ source: this.#source }, "CO-RE relocations need too many type comparisons");
  }
}
