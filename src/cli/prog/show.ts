export const showPrograms: import("../command.ts").Run = () => {
  throw new Error("todo");
};
