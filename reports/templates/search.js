// The search over all claims. Its state is the page's query; texts of claims only ever become text.
"use strict";
const STEP = 60;
const $ = (name) => document.getElementById(name);
const form = $("form");
const field = (name) => form.elements.namedItem(name);
const NAMES = ["q", "verdict", "document", "model", "quantity", "sort"];
let data, words, most = STEP;

function element(name, kind, text) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

function mark(state) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "m");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#m-${state}`);
  svg.append(use);
  return svg;
}

function fill(name, values, position) {
  const found = new Map();
  for (const claim of data.claims) found.set(claim[position], (found.get(claim[position]) || 0) + 1);
  const options = values.map((text, place) => [text, found.get(place) || 0, place]);
  if (name !== "document") options.sort((a, b) => b[1] - a[1]);
  for (const [text, number, place] of options) {
    const option = element("option", "", `${text} (${number})`);
    option.value = name === "document" ? data.documents[place][0] : text;
    field(name).append(option);
  }
}

function hit(claim) {
  const [document_, address, says, state, model, , printed, measured, off, , where] = claim;
  const [, title, file] = data.documents[document_];
  const item = element("li", state);
  const verdict = element("p", "v");
  verdict.append(mark(state), words[state]);
  const said = element("p");
  const link = element("a", "", says);
  link.href = `${file}#${address}`;
  said.append(link);
  const numbers = element("p", "num");
  if (printed) numbers.append("printed ", element("b", "", printed), " ");
  if (measured) numbers.append("measured ", element("b", "", measured), " ");
  if (off) numbers.append(off);
  item.append(verdict, said);
  if (numbers.childNodes.length) item.append(numbers);
  item.append(element("p", "soft", [title, data.models[model], where].filter(Boolean).join(" · ")));
  return item;
}

function found() {
  const asked = field("q").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [verdict, of, model, quantity] = ["verdict", "document", "model", "quantity"].map((name) => field(name).value);
  const hits = data.claims.filter((claim, place) =>
    (!verdict || claim[3] === verdict) && (!of || data.documents[claim[0]][0] === of) &&
    (!model || data.models[claim[4]] === model) && (!quantity || data.units[claim[5]] === quantity) &&
    asked.every((word) => data.texts[place].includes(word)));
  return field("sort").value === "off" ? hits.sort((a, b) => b[9] - a[9]) : hits;
}

function show() {
  const hits = found();
  $("told").textContent = `${hits.length.toLocaleString("en")} of ${data.claims.length.toLocaleString("en")} claims`;
  $("results").replaceChildren(...hits.slice(0, most).map(hit));
  $("more").hidden = hits.length <= most;
  const query = new URLSearchParams(NAMES.map((name) => [name, field(name).value]).filter(([, value]) => value));
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

function again() {
  most = STEP;
  show();
}

async function start() {
  const answer = await fetch("search.json");
  if (!answer.ok) throw new Error(answer.status);
  data = await answer.json();
  words = Object.fromEntries([...field("verdict").options].map((one) => [one.value, one.textContent]));
  data.texts = data.claims.map((claim) => [data.documents[claim[0]][1], claim[1], claim[2], data.models[claim[4]],
    data.units[claim[5]], claim[6], claim[7], claim[10]].filter(Boolean).join(" ").toLowerCase());
  fill("document", data.documents.map((one) => one[1]), 0);
  fill("model", data.models, 4);
  fill("quantity", data.units, 5);
  const query = new URLSearchParams(location.search);
  for (const name of NAMES) field(name).value = query.get(name) || "";
  for (const name of NAMES) if (field(name).selectedIndex === -1) field(name).value = "";
  form.hidden = false;
  form.addEventListener("input", again);
  form.addEventListener("submit", (event) => event.preventDefault());
  $("more").addEventListener("click", () => { most += STEP; show(); });
  show();
}

start().catch(() => {
  $("told").textContent = "The claims could not be loaded. From a folder, serve the site: python -m http.server";
});
