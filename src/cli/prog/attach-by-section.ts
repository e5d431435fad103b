// What loads every kind of link, on demand.
export { attachBySection } from "../../load/index.ts";
