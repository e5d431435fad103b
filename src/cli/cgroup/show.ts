export const showCgroup: import("../command.ts").Run = () => {
  throw new Error("todo");
};
