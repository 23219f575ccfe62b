// What each entry of a package exports, imported and required: node entries.mjs ENTRY...
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const names = {};
for (const entry of process.argv.slice(2)) {
  names[entry] = {
    imported: Object.keys(await import(entry)).sort(),
    required: Object.keys(require(entry)).sort(),
  };
}
console.log(JSON.stringify(names));
