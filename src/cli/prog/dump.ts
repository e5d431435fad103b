export const dumpPrograms: import("../command.ts").Run = () => {
  throw new Error("todo");
};
