export { Attachments, attachBySection, autoAttach, type NotAttached } from "./auto-attach.ts";
export { BpfObject } from "./bpf-object.ts";
export { loadObject, readObject } from "./load-object.ts";
export type { LoadOptions } from "./load-options.ts";
export { mapPinName } from "./object-maps.ts";
export { VerifierError } from "./verifier-error.ts";
