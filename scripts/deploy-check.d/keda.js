// Validates every object of KEDA in the rendered manifests against KEDA's own schemas.
// Usage: keda.js FOLDER_OF_NODE_MODULES MANIFESTS.json...; each file holds an array of objects.
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const [, , modules, ...files] = process.argv;
const keda = createRequire(`${modules}/`)("@kubernetes-models/keda/keda.sh/v1alpha1");

let seen = 0;
let failed = 0;
for (const file of files) {
  for (const object of JSON.parse(readFileSync(file, "utf8"))) {
    if (!object.apiVersion.startsWith("keda.sh/")) continue;
    seen += 1;
    try {
      new keda[object.kind](object).validate();
    } catch (error) {
      failed += 1;
      console.error(`deploy-check: ${file}: ${object.kind} ${object.metadata.name}: ${error.message}`);
    }
  }
}
console.log(`${seen} objects of KEDA, ${failed} of them wrong`);
process.exit(failed === 0 && seen > 0 ? 0 : 1);
