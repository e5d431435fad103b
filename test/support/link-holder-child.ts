// A process that holds a link, for the conformance test: `pin PATH` pins the link of fd 3 and ends;
// `hold PATH` opens the pin, prints the link's info, removes the pin, and holds the link until its input ends.
// The package as it is built: a few files to load, where a machine under emulation takes seconds for 200.
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
// Closed here at last, so that the link is not lost to the collector before.
process.stdin.on("end", () => link.close()).resume();
