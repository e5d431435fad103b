export { Attachments, attachBySection, autoAttach, type NotAttached } from "./auto-attach.ts";
export { BpfObject } from "./bpf-object.ts";
export { kconfigContents } from "./kconfig.ts";
export { loadObject, readObject } from "./load-object.ts";
export type { LoadOptions } from "./load-options.ts";
export { mapPinName } from "./object-maps.ts";
export { LoaderSignature, sha256 } from "./sign/loader-signature.ts";
export { VerifierError } from "./verifier-error.ts";
