import { lightSkeletonPieces } from "../../codegen/index.ts";
import { kconfigContents, LoaderSignature, sha256 } from "../../load/index.ts";
import type { ObjectSpec } from "../../object/index.ts";
import { pageSize, possibleCpus } from "../../sys/index.ts";
import { EXIT_INVALID } from "../failure/command-error.ts";
import { inStep } from "../failure/reason.ts";
import { type Options, signerOf } from "../words/options.ts";

/** Returns the light skeleton of an object, signed if the user gave `-S`. As in bpftool, it fits only this machine. */
export function lightSkeleton(spec: ObjectSpec, name: string, options: Options): (string | Uint8Array)[] {
  const files = signerOf(options);
  const signer = files && {
    hash: sha256,
    sign: (instructions: Uint8Array) => new LoaderSignature(instructions, files).bytes,
  };
  const make = (): (string | Uint8Array)[] => {
    const kconfig = kconfigContents(spec, { anyKernel: true });
    return lightSkeletonPieces(spec, name, { machine: { pageSize, possibleCpus }, kconfig, signer });
  };
  return inStep("failed to make a light skeleton", make, () => EXIT_INVALID);
}
