export const showLinks: import("../command.ts").Run = () => {
  throw new Error("todo");
};
