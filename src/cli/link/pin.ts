export const pinLink: import("../command.ts").Run = () => {
  throw new Error("todo");
};
