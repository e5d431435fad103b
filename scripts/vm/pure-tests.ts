// Imports test files into this one process: `node --test` starts a process for each, which an emulated Node cannot.
//
//   node .build/scripts/vm/pure-tests.js FILE…
import { pathToFileURL } from "node:url";

for (const file of process.argv.slice(2)) await import(pathToFileURL(file).href);
