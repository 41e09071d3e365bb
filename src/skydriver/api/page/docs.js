// Makes the page of /openapi.json. Everything is put in as text: nothing in the document can be markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, content = [], attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...[content].flat().filter((part) => part !== null));
  return made;
}

function shortened(value) {
  if (typeof value === "string" && value.length > 200) return `${value.slice(0, 60)}… (${value.length} letters)`;
  if (Array.isArray(value)) return value.map(shortened);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shortened(inner)]));
}

function json(value) {
  return element("pre", JSON.stringify(shortened(value), null, 2), { tabindex: "0" });
}

function example(content) {
  const media = content && content["application/json"];
  return media && media.example !== undefined ? json(media.example) : null;
}

function copyButton(value) {
  const button = element("button", "Copy the whole example", { type: "button" });
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(JSON.stringify(value));
    button.textContent = "Copied";
  });
  return button;
}

function folded(title, parts) {
  return element("details", [element("summary", title), ...parts]);
}

function typeOf(schema) {
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  if (schema.$ref) return "object";
  if (schema.anyOf) return schema.anyOf.map(typeOf).filter((name) => name !== "null").join(" or ");
  return schema.type || "";
}

function row(name, place, schema, required, description) {
  const said = required ? "required" : schema.default === undefined || schema.default === null ? "" : `default ${schema.default}`;
  return element("tr", [
    element("td", element("code", name)), element("td", place), element("td", typeOf(schema)), element("td", said),
    element("td", description || ""),
  ]);
}

function parameters(operation) {
  const rows = (operation.parameters || []).map((given) =>
    row(given.name, given.in, given.schema, given.required, given.description));
  const content = operation.requestBody && operation.requestBody.content["application/json"];
  const { properties = {}, required = [] } = content ? content.schema : {};
  for (const [name, schema] of Object.entries(properties)) {
    rows.push(row(name, "body", schema, required.includes(name), schema.description));
  }
  if (!rows.length) return null;
  const head = element("tr", ["Argument", "In", "Type", "", ""].map((name) => element("th", name, { scope: "col" })));
  return element("table", [element("thead", head), element("tbody", rows)]);
}

function body(operation) {
  const content = operation.requestBody && operation.requestBody.content;
  if (!content) return null;
  return folded("Body, an example", [copyButton(content["application/json"].example), example(content)]);
}

function answers(operation) {
  return Object.entries(operation.responses).map(([code, answer]) =>
    folded(`${code}: ${answer.description}`, [example(answer.content)]));
}

function route(path, method, operation) {
  const id = `${method}${path}`;
  const title = element("h3", [element("span", method.toUpperCase(), { class: "method" }), element("code", path)], { id });
  return element("article", [
    title,
    element("p", operation.summary || ""),
    parameters(operation),
    body(operation),
    ...answers(operation),
  ]);
}

function link(path, method, operation) {
  const name = `${method.toUpperCase()} ${path}`;
  return element("li", element("a", name, { href: `#${method}${path}`, title: operation.summary || "" }));
}

async function show() {
  const api = await (await fetch("/openapi.json")).json();
  document.getElementById("about").textContent = api.info.description;
  const groups = new Map();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => operations[name])) {
      const name = operations[method].tags[0];
      groups.set(name, [...(groups.get(name) || []), [path, method, operations[method]]]);
    }
  }
  const contents = document.getElementById("contents");
  const routes = document.getElementById("routes");
  for (const [name, found] of groups) {
    contents.append(element("h2", name), element("ul", found.map((one) => link(...one))));
    routes.append(element("h2", name), ...found.map((one) => route(...one)));
  }
}

show().catch((error) => {
  document.getElementById("routes").textContent = `/openapi.json could not be shown: ${error}`;
});
