export { skeletonName } from "./c-text.ts";
export { skeletonPieces } from "./skeleton.ts";
export { subskeletonText } from "./subskeleton.ts";
