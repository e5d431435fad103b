// This is a separate file, so that `prog load` imports the code of all links only for `autoattach`.
export { attachBySection } from "../../load/index.ts";
