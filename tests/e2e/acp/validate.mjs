// Holds every line of a kept connection against the protocol's published JSON
// Schema, and those of the agent also against its names: a member that the
// schema does not know is a mistake of ours.
//
//   node validate.mjs WIRE     prints {"messages":N,"wrong":[…]}
import fs from "node:fs";
import Ajv from "ajv/dist/2020.js";

const read = (name) => JSON.parse(fs.readFileSync(
  new URL(import.meta.resolve(`@agentclientprotocol/sdk/schema/v1/${name}`)),
  "utf8"));
const stable = read("schema.json");
const unstable = read("schema.unstable.json");

// What we offer of the unstable schema: copies of a session, and that we say
// so. All else is held against the stable one.
const UNSTABLE = ["agent initialize", "agent session/fork"];

// The definition of the params and of the result of each method, by who
// answers it ("agent", "client"), and the schema that it stands in.
const methods = {};
for (const schema of [stable, unstable]) {
  for (const [name, def] of Object.entries(schema.$defs)) {
    const method = def["x-method"];
    if (!method) continue;
    const key = `${def["x-side"]} ${method}`;
    if (UNSTABLE.includes(key) !== (schema === unstable)) continue;
    methods[key] ??= { schema };
    methods[key][name.endsWith("Response") ? "result" : "params"] = name;
  }
}

// A copy of the schema in which objects know all their members. What is put
// together of parts is closed where it is put together.
function closed(schema) {
  const copy = JSON.parse(JSON.stringify(schema));
  const parts = new Set();
  const composed = (node) =>
    [node.allOf, node.oneOf, node.anyOf].filter(Array.isArray).flat();
  const target = (node) => node.$ref?.replace("#/$defs/", "");
  const visit = (node, isPart) => {
    if (node === null || typeof node !== "object") return;
    if (Array.isArray(node)) return node.forEach((one) => visit(one, false));
    const whole = isPart || (node.properties && composed(node).length > 0);
    if (whole) for (const one of composed(node)) parts.add(target(one));
    if (whole && !isPart) node.unevaluatedProperties = false;
    for (const [key, value] of Object.entries(node)) {
      const list = ["allOf", "oneOf", "anyOf"].includes(key);
      if (list && Array.isArray(value)) value.forEach((one) => visit(one, Boolean(whole)));
      else visit(value, false);
    }
  };
  for (const def of Object.values(copy.$defs)) visit(def, false);
  for (const [name, def] of Object.entries(copy.$defs)) {
    if (def.type === "object" && def.properties && !parts.has(name))
      def.unevaluatedProperties = false;
  }
  // A part that stands by itself somewhere is closed there.
  const close = (node) => {
    if (node === null || typeof node !== "object") return;
    const name = node.allOf?.length === 1 && !node.properties
      ? target(node.allOf[0]) : undefined;
    if (parts.has(name) && copy.$defs[name]?.properties)
      node.unevaluatedProperties = false;
    Object.values(node).forEach(close);
  };
  for (const def of Object.values(copy.$defs))
    Object.values(def.properties ?? {}).forEach(close);
  return copy;
}

function checker(of, id) {
  const ajv = new Ajv({ strict: false, allErrors: false,
                        validateFormats: false });
  ajv.addSchema({ ...of, $id: id });
  const compiled = new Map();
  return (name, value) => {
    if (!compiled.has(name))
      compiled.set(name, ajv.compile({ $ref: `${id}#/$defs/${name}` }));
    const check = compiled.get(name);
    return check(value) ? null : ajv.errorsText(check.errors);
  };
}
const checkers = new Map([stable, unstable].map((schema, number) => [schema, {
  open: checker(schema, `acp:open${number}`),
  strict: checker(closed(schema), `acp:closed${number}`),
}]));

const wrong = [];
const asked = { agent: new Map(), client: new Map() };
const answered = { agent: new Set(), client: new Set() };

function hold(from, name, value, where, schema = stable) {
  if (name === undefined) return `${where}: unknown to the schema`;
  const { open, strict } = checkers.get(schema);
  const why = open(name, value) ?? (from === "agent" ? strict(name, value)
                                                     : null);
  return why && `${where}: ${why}`;
}

function check({ from, line }) {
  let message;
  try { message = JSON.parse(line); } catch { message = undefined; }
  if (message?.jsonrpc !== "2.0") return from === "agent" ? "no message" : null;
  const other = from === "agent" ? "client" : "agent";
  if (message.method !== undefined) {
    const request = message.id !== undefined;
    if (request) asked[from].set(JSON.stringify(message.id), message.method);
    const side = message.method.startsWith("$/") ? "protocol" : other;
    const known = methods[`${side} ${message.method}`];
    if (!known && from === "client") return null;  // a mistake on purpose
    return hold(from, known?.params, message.params, message.method,
                known?.schema);
  }
  const id = JSON.stringify(message.id);
  const method = asked[other].get(id);
  if (from === "agent") {
    if (method === undefined && id !== "null") return `answers ${id}, unasked`;
    if (answered.agent.has(id) && id !== "null") return `answers ${id} twice`;
    answered.agent.add(id);
  }
  if (message.error) return hold(from, "Error", message.error, "error");
  const known = methods[`${from} ${method}`];
  return hold(from, known?.result, message.result, `result of ${method}`,
              known?.schema);
}

let messages = 0;
let number = 0;
for (const text of fs.readFileSync(process.argv[2], "utf8").split("\n")) {
  if (!text) continue;
  ++number;
  const one = JSON.parse(text);
  if (one.wrong_on_purpose) continue;
  ++messages;
  const why = check(one);
  if (why) wrong.push({ number, from: one.from, why, line: one.line });
}
const unanswered = [...asked.client.keys()].filter(
  (id) => !answered.agent.has(id));
process.stdout.write(JSON.stringify({ messages, wrong, unanswered }) + "\n");
