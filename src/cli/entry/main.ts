#!/usr/bin/env node
import { runLine } from "./run-line.ts";

// This is not a top-level await, because scripts/bundle.mjs turns this file into CommonJS.
runLine(process.argv.slice(2), import.meta.url).then((code) => {
  // process.exit() is faster than setting process.exitCode: V8 then does not free its heap, which takes 10 ms after a
  // long listing.
  process.exit(code);
});
