// A file of its own, so that `prog load` imports the code of all links only for `autoattach`.
export { attachBySection } from "../../load/index.ts";
