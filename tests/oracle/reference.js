// Evaluates with the reference, npm jsonata: a list of {text, source, env, root} on stdin, a list of
// {value} | {} | {code} on stdout. `root` takes the place of $$ in the parsed expression, so without
// our own way of finding it; the helpers for maps are written here once more.
const jsonata = require("jsonata");

const helper = (look) => (map, key, other) => {
  if (map === null || typeof map !== "object" || Array.isArray(map)) throw { code: "D3137" };
  const found = look(map, key);
  return found === undefined ? other : found;
};
const HELPERS = {
  mapValue: helper((map, key) =>
    key !== undefined && Object.hasOwn(map, String(key)) ? map[String(key)] : undefined),
  mapKey: helper((map, value) =>
    value === undefined ? undefined : Object.keys(map).find((key) => map[key] === value)),
};

function withRoot(node) {
  if (node === null || typeof node !== "object") return;
  if (node.type === "variable" && node.value === "$") node.value = "\ue000";
  Object.values(node).forEach(withRoot);
}

// A function is no JSON, and neither is what is not finite.
function plain(value) {
  if (typeof value === "function" || (value && value._jsonata_function)) throw { code: "NotJson" };
  if (typeof value === "number" && !Number.isFinite(value)) throw { code: "NotJson" };
  if (typeof value === "number" && Math.abs(value) > 2 ** 53) throw { code: "NotJson" };
  if (value && typeof value === "object") Object.values(value).forEach(plain);
  return value;
}

async function answer({ text, source, env, root }) {
  try {
    const expression = jsonata(text);
    const bindings = { ...HELPERS, env: env ?? {} };
    if (root !== undefined) {
      withRoot(expression.ast());
      bindings["\ue000"] = root;
    }
    const value = plain(await expression.evaluate(source, bindings));
    return value === undefined ? {} : { value };
  } catch (error) {
    return { code: String(error.code ?? error.name) };
  }
}

async function main() {
  const parts = [];
  for await (const part of process.stdin) parts.push(part);
  const answers = [];
  for (const asked of JSON.parse(Buffer.concat(parts).toString())) answers.push(await answer(asked));
  process.stdout.write(JSON.stringify(answers));
}

main();
