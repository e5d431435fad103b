// Writes docs/errors: one page for each code of src/explain, and the list of all codes. Run it by `npm run
// docs:errors`.
import { writeFileSync } from "node:fs";
import { errorPages } from "../test/explain/error-pages.ts";

for (const [file, text] of errorPages()) writeFileSync(file, text);
