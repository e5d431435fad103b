export const detachLink: import("../command.ts").Run = () => {
  throw new Error("todo");
};
