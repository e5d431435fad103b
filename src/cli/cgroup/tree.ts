export const showCgroupTree: import("../command.ts").Run = () => {
  throw new Error("todo");
};
