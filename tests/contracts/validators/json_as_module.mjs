// GitHub's parser imports a JSON file in the way that bundlers understand; Node asks for an attribute. This adds none,
// but hands the file over as a module.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export async function load(url, context, next) {
  if (!url.endsWith(".json")) return next(url, context);
  return { format: "module", shortCircuit: true, source: `export default ${readFileSync(fileURLToPath(url), "utf8")}` };
}

export async function resolve(specifier, context, next) {
  if (!specifier.endsWith(".json")) return next(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, shortCircuit: true };
}
