export const pinProgram: import("../command.ts").Run = () => {
  throw new Error("todo");
};
