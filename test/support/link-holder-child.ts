// A child process of the conformance test. `pin PATH` pins the link of fd 3. `hold PATH` opens the pin, prints the
// link's info, removes the pin, and holds the link until its standard input ends. It imports the built package, which
// consists of few files: under emulation, loading 200 source files would take seconds.
import { openLink } from "bpfts";

const [, , job, path = ""] = process.argv;
if (job === "pin") {
  openLink({ fd: 3 }).pin(path);
  process.exit(0);
}
const link = openLink({ pinned: path });
const info = JSON.stringify(link.info(), (_, value) => (typeof value === "bigint" ? String(value) : value));
link.unpin();
console.log(info);
// This use of the link also keeps the garbage collector from closing it earlier.
process.stdin.on("end", () => link.close()).resume();
