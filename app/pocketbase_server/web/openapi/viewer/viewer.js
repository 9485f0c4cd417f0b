"use strict";

const token = document.getElementById("token");
const main = document.getElementById("operations");
let api = null;

function make(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Follow references to the schema itself, but not for ever. */
function resolved(schema, depth = 0) {
  if (!schema || typeof schema !== "object" || depth > 6) return schema;
  if (schema.$ref) {
    const path = schema.$ref.replace("#/", "").split("/");
    return resolved(path.reduce((at, key) => at && at[key], api), depth + 1);
  }
  if (Array.isArray(schema)) return schema.map((item) => resolved(item, depth + 1));
  return Object.fromEntries(Object.entries(schema).map(([k, v]) => [k, resolved(v, depth + 1)]));
}

/** A value that fits a schema, to begin a body with. */
function sample(schema) {
  const s = resolved(schema) || {};
  if (s.const !== undefined) return s.const;
  if (s.enum) return s.enum[0];
  const type = Array.isArray(s.type) ? s.type[0] : s.type;
  if (type === "object")
    return Object.fromEntries(Object.entries(s.properties || {}).map(([k, v]) => [k, sample(v)]));
  if (type === "array") return [];
  return { string: "", integer: 0, number: 0, boolean: false }[type] ?? null;
}

function block(parent, title, value) {
  parent.append(make("h3", "", title), make("pre", "", JSON.stringify(value, null, 2)));
}

function parameters(parent, operation) {
  const inputs = [];
  if (!operation.parameters.length) return inputs;
  parent.append(make("h3", "", "Parameters"));
  const table = make("table");
  for (const p of operation.parameters) {
    const row = make("tr");
    const input = make("input");
    input.placeholder = (p.schema && p.schema.type) || "";
    row.append(make("td", "path", p.name + (p.required ? " *" : "")));
    const cell = make("td");
    cell.append(input);
    row.append(cell, make("td", "", p.description || p.in));
    table.append(row);
    inputs.push([p, input]);
  }
  parent.append(table);
  return inputs;
}

async function send(verb, path, inputs, body, out) {
  let url = path;
  const query = new URLSearchParams();
  for (const [p, input] of inputs) {
    if (p.in === "path") url = url.replace(`{${p.name}}`, encodeURIComponent(input.value));
    else if (input.value) query.set(p.name, input.value);
  }
  const headers = {};
  if (token.value) headers.Authorization = token.value;
  if (body) headers["Content-Type"] = "application/json";
  out.textContent = "…";
  const full = query.size ? `${url}?${query}` : url;
  try {
    const answer = await fetch(full, { method: verb.toUpperCase(), headers, body: body ? body.value : undefined });
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON */ }
    out.textContent = `${answer.status} ${answer.statusText}\n${shown}`;
  } catch (error) {
    out.textContent = String(error);
  }
}

function fill(inside, verb, path, operation) {
  const inputs = parameters(inside, operation);
  const content = operation.requestBody && operation.requestBody.content["application/json"];
  let body = null;
  if (content) {
    inside.append(make("h3", "", "Body"));
    body = make("textarea");
    body.value = JSON.stringify(sample(content.schema), null, 2);
    inside.append(body);
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    if (status === "default") continue;
    const kinds = Object.values(answer.content || {});
    if (kinds.length) block(inside, `Answer ${status}`, resolved(kinds[0].schema));
    else inside.append(make("h3", "", `Answer ${status}: ${answer.description || ""}`));
  }
  if (path !== "/api/realtime" || verb !== "get") {
    const button = make("button", "", "Send");
    const out = make("pre");
    button.addEventListener("click", () => send(verb, path, inputs, body, out));
    inside.append(button, out);
  }
}

function show(filter) {
  main.replaceChildren();
  const groups = new Map();
  for (const [path, verbs] of Object.entries(api.paths))
    for (const [verb, operation] of Object.entries(verbs)) {
      if (filter && !`${path} ${operation.summary}`.toLowerCase().includes(filter)) continue;
      const tag = operation.tags[0] || "";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([verb, path, operation]);
    }
  for (const [tag, operations] of groups) {
    main.append(make("h2", "", tag));
    for (const [verb, path, operation] of operations) {
      const details = make("details");
      const summary = make("summary");
      summary.append(make("span", `verb ${verb}`, verb.toUpperCase()), make("span", "path", path), make("span", "what", operation.summary));
      const inside = make("div", "inside");
      details.append(summary, inside);
      details.addEventListener("toggle", () => { if (details.open && !inside.childElementCount) fill(inside, verb, path, operation); });
      main.append(details);
    }
  }
}

async function load() {
  const headers = token.value ? { Authorization: token.value } : {};
  api = await (await fetch("json", { headers })).json();
  document.title = document.getElementById("title").textContent = api.info.title;
  document.getElementById("about").textContent = api.info.description;
  show(document.getElementById("search").value.toLowerCase());
}

document.getElementById("search").addEventListener("input", (event) => show(event.target.value.toLowerCase()));
token.addEventListener("change", load);
load();
