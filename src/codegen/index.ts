export { skeletonName } from "./c-text.ts";
export { type LightSkeletonOptions, lightSkeletonPieces, type SkeletonSigner } from "./light-skeleton.ts";
export { skeletonPieces } from "./skeleton.ts";
export { subskeletonText } from "./subskeleton.ts";
