// Judges documents with their official validators. Runs where they are installed: `node judge.mjs` with a job on
// standard input: {schemas, instances, openapi, asyncapi, workflows}, all paths; an instance is {schema, path}.
// Prints {path: [complaints]} as JSON.
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { dirname, resolve } from "node:path";

const job = JSON.parse(readFileSync(0, "utf8"));
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const found = {};

if (job.schemas) {
  const { default: Ajv2020 } = await import("ajv/dist/2020.js");
  const { default: formats } = await import("ajv-formats");
  for (const path of job.schemas) {
    // Strict: an unknown word or a rule that can never apply is a complaint too.
    const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
    formats.default(ajv);
    found[path] = [];
    try {
      const validate = ajv.compile(read(path));
      for (const instance of (job.instances ?? []).filter(({ schema }) => schema === path)) {
        found[instance.path] = validate(read(instance.path)) ? [] : validate.errors.map((e) => `${e.instancePath} ${e.message}`);
      }
    } catch (error) {
      found[path].push(error.message);
    }
  }
}

if (job.openapi) {
  const { Validator } = await import("@seriousme/openapi-schema-validator");
  const validator = new Validator();
  // It follows no reference to another file by itself; one that leads nowhere stays a complaint.
  const document = read(job.openapi);
  for (const { $ref } of Object.values(document.components.schemas)) {
    await validator.addSpecRef(read(resolve(dirname(job.openapi), $ref)), $ref);
  }
  const result = await validator.validate(document);
  found[job.openapi] = result.valid ? [] : [result.errors].flat().map((error) => JSON.stringify(error));
  if (result.valid && validator.version !== "3.1") found[job.openapi].push(`read as OpenAPI ${validator.version}`);
}

if (job.asyncapi) {
  const { Parser } = await import("@asyncapi/parser");
  const source = readFileSync(job.asyncapi, "utf8");
  const { document, diagnostics } = await new Parser().parse(source, { source: job.asyncapi });
  found[job.asyncapi] = diagnostics
    .filter(({ severity }) => severity <= 1) // errors and warnings; what is below is advice
    .map(({ code, message, path }) => `${code} at ${path.join(".")}: ${message}`);
  if (!document && found[job.asyncapi].length === 0) found[job.asyncapi].push("no document came of it");
}

if (job.workflows) {
  register("./json_as_module.mjs", import.meta.url);
  const { convertWorkflowTemplate, parseWorkflow, NoOperationTraceWriter } = await import("@actions/workflow-parser");
  for (const path of job.workflows) {
    const content = readFileSync(path, "utf8");
    const { context, value } = parseWorkflow({ name: path, content }, new NoOperationTraceWriter());
    if (value) await convertWorkflowTemplate(context, value);
    found[path] = context.errors.getErrors().map((error) => error.message);
    if (!value && found[path].length === 0) found[path].push("no workflow came of it");
  }
}

process.stdout.write(JSON.stringify(found));
