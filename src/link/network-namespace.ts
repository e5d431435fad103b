import { closeSync, openSync } from "node:fs";
import { UsageError } from "../errors/index.ts";
import { Namespace, namespaceType, nodeError, setNamespace } from "../sys/index.ts";

const OWN = "/proc/thread-self/ns/net";

/**
 * Opens a network namespace and passes its fd to `use`. Throws UsageError if the path or fd is not a network namespace.
 */
export function withNetworkNamespace<T>(netns: string | number | undefined, use: (fd: number, what: string) => T): T {
  if (typeof netns === "number")
    return use(requireNetworkNamespace(netns, `fd ${netns}`), `the network namespace of fd ${netns}`);
  const path = netns ?? OWN;
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw nodeError(error, path);
    throw new UsageError(`there is no network namespace ${path}`, { cause: error });
  }
  try {
    return use(
      requireNetworkNamespace(fd, path),
      netns === undefined ? "this network namespace" : `network namespace ${path}`,
    );
  } finally {
    closeSync(fd);
  }
}

/**
 * Calls `work` in a network namespace, and returns to the thread's own namespace afterwards. `work` must be synchronous
 * and must not start a thread, which would stay in the other namespace. Without `netns` it just calls `work`.
 */
export function inNetworkNamespace<T>(netns: string | number | undefined, work: () => T): T {
  if (netns === undefined) return work();
  return withNetworkNamespace(netns, (other) =>
    withNetworkNamespace(undefined, (own) => {
      setNamespace(other, Namespace.CLONE_NEWNET);
      try {
        return work();
      } finally {
        setNamespace(own, Namespace.CLONE_NEWNET);
      }
    }),
  );
}

/**
 * Returns the fd if it refers to a network namespace, and throws otherwise. Without this check, the kernel would only
 * return EINVAL.
 */
function requireNetworkNamespace(fd: number, what: string): number {
  if (namespaceType(fd) === Namespace.CLONE_NEWNET) return fd;
  throw new UsageError(`${what} is not a network namespace`);
}
