export const attachToCgroup: import("../command.ts").Run = () => {
  throw new Error("todo");
};
export const detachFromCgroup = attachToCgroup as never;
