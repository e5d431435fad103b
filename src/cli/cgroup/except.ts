import { namePattern, withoutEndSlashes } from "../../layout/index.ts";

/**
 * Which cgroups a tree leaves out, by patterns: `*` stands for any characters but a slash, `**` for any, `?` for one. A
 * pattern with a slash is compared with the path below the tree's root (with a leading one: with the whole path),
 * another one with the cgroup's own name. Undefined for no pattern.
 */
export function exceptMatching(root: string, patterns: readonly string[]): ((path: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  const below = withoutEndSlashes(root).length + 1;
  const tests = patterns.map((pattern) => {
    const fits = namePattern(pattern, { paths: true });
    if (pattern.startsWith("/")) return fits;
    if (pattern.includes("/")) return (path: string) => fits(path.slice(below));
    return (path: string) => fits(path.slice(path.lastIndexOf("/") + 1));
  });
  return (path) => tests.some((test) => test(path));
}
