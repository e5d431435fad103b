export const loadFirst: import("../command.ts").Run = () => {
  throw new Error("todo");
};
export const loadAll = loadFirst;
