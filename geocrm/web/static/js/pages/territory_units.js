// @ts-check
/** Making units: the form, the job behind it, the map of what came out, keeping or throwing away. */
import { createMap, fit, LABELS } from "../lib/basemap.js";
import { deleteJson, getJson, postJson } from "../lib/api.js";
import { confirm } from "../lib/confirm.js";
import { el, icon } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";
import { bindAreas } from "./territory_unit_areas.js";

const LOOK_EVERY_MS = 700;
// A job that nobody takes up in this time tells that no worker runs.
const PATIENCE_MS = 15_000;
const SOURCE = "made";
const PART = { source: SOURCE, "source-layer": "boundaries" };

const form = /** @type {HTMLFormElement} */ (byId("make"));
const start = /** @type {HTMLButtonElement} */ (byId("start"));
const areas = bindAreas(form, byId("split"));
let job = 0;
let made = "";

form.addEventListener("change", showKind);
showKind();
const map = createMap(byId("units-map"), { label: t("Map of the units") });

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  refuse("");
  running(true);
  try {
    const wanted = await wish();
    job = (await postJson("/api/v1/territories/units", wanted, { quiet: true })).job_id;
    const found = await follow(job, Date.now());
    if (found) await show(found);
  } catch (error) {
    refuse(/** @type {Error} */ (error).message);
  }
  running(false);
});

byId("cancel").addEventListener("click", async () => {
  if (job) await postJson(`/api/v1/jobs/${job}/cancel`);
});

byId("keep").addEventListener("click", async () => {
  try {
    const kept = await postJson(`/api/v1/territories/units/${encodeURIComponent(made)}/keep`);
    location.assign(`/territories/new?level=${encodeURIComponent(kept.level)}`);
  } catch {
    // The page has said what happened.
  }
});

byId("drop").addEventListener("click", async () => {
  await deleteJson(`/api/v1/territories/units/${encodeURIComponent(made)}`);
  await clear();
});

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-delete]"))) {
  button.addEventListener("click", async () => {
    const name = button.dataset.name ?? "";
    if (!(await confirm(t("Delete the units {name}?", { name }), { yes: t("Delete"), danger: true }))) return;
    await deleteJson(`/api/v1/territories/units/${encodeURIComponent(button.dataset.delete ?? "")}`);
    location.reload();
  });
}

function kind() {
  return String(new FormData(form).get("kind"));
}

/** Only what the chosen way of cutting asks for. */
function showKind() {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-kind]"))) {
    part.hidden = !part.dataset.kind?.split(" ").includes(kind());
  }
}

async function wish() {
  const given = new FormData(form);
  const split = kind() === "split";
  if (split) await areas.take();
  if (split && !areas.chosen().length) throw new Error(t("Choose at least one unit to split."));
  return {
    name: given.get("name"),
    kind: kind() === "hexagons" ? "hexagons" : "customers",
    amount: Number(given.get(kind() === "hexagons" ? "size" : "customers")),
    within: (await areas.within()) || null,
    level: split ? given.get("level") : null,
    split: split ? areas.chosen() : [],
  };
}

/** The result of a job; nothing when it was cancelled. @param {number} id @param {number} since */
async function follow(id, since) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const state = await getJson(`/api/v1/jobs/${id}`, { quiet: true });
    if (state.state === "done") return state.result;
    if (state.state === "failed") throw new Error(state.message);
    if (state.state === "cancelled") return null;
    progress(state, since);
  }
}

/** @param {{state: string, done: number}} state @param {number} since */
function progress(state, since) {
  const waiting = state.state === "waiting";
  const late = waiting && Date.now() - since > PATIENCE_MS;
  byId("running-words").textContent = late
    ? t("No worker takes this up. Start one with: geocrm worker")
    : waiting
      ? t("Waiting for a worker …")
      : t("Cutting the ground …");
  byId("progress").setAttribute("aria-valuenow", String(state.done));
  byId("progress-fill").style.width = `${state.done}%`;
}

/** @param {Record<string, any>} found */
async function show(found) {
  await clear();
  made = found.level;
  byId("shown-title").textContent = tn("{n} unit", "{n} units", { n: found.units });
  byId("nothing").hidden = true;
  byId("figures").replaceChildren(...figures(found).flatMap(([words, value]) => el("div", {}, el("dt", {}, words), el("dd", {}, value))));
  byId("figures").hidden = false;
  byId("decide").hidden = false;
  draw(await map, found);
  byId("shown-title").focus();
}

/** @param {Record<string, any>} found @returns {[string, string][]} */
function figures(found) {
  const span = (/** @type {number} */ low, /** @type {number} */ high) => `${formatNumber(low)} – ${formatNumber(high)}`;
  const round = (/** @type {number} */ km2) => (km2 < 10 ? Math.round(km2 * 10) / 10 : Math.round(km2));
  return [
    [t("Customers you see"), formatNumber(found.customers)],
    [t("Customers a unit"), span(found.least_customers, found.most_customers)],
    [t("Area, km²"), span(round(found.least_km2), round(found.most_km2))],
    [t("Population"), found.population_known ? t("by area") : t("not known")],
  ];
}

/** @param {any} ground the map @param {Record<string, any>} found */
function draw(ground, found) {
  ground.addSource(SOURCE, {
    type: "vector",
    tiles: [`${location.origin}/tiles/boundaries/${encodeURIComponent(found.level)}/{z}/{x}/{y}.mvt?made=${job}`],
    maxzoom: 12,
  });
  ground.addLayer({ id: "made-fill", type: "fill", ...PART, paint: { "fill-opacity": 0.16 } }, LABELS);
  ground.addLayer({ id: "made-line", type: "line", ...PART, paint: { "line-width": 1 } }, LABELS);
  paint(ground);
  fit(ground, found.box, { duration: 0 });
}

/** @param {any} ground the map */
function paint(ground) {
  if (!ground.getLayer("made-fill")) return;
  ground.setPaintProperty("made-fill", "fill-color", token("--accent"));
  ground.setPaintProperty("made-line", "line-color", token("--accent"));
}
onThemeChange(async () => paint(await map));

async function clear() {
  const ground = await map;
  for (const layer of ["made-line", "made-fill"]) if (ground.getLayer(layer)) ground.removeLayer(layer);
  if (ground.getSource(SOURCE)) ground.removeSource(SOURCE);
  made = "";
  byId("shown-title").textContent = t("Preview");
  byId("nothing").hidden = false;
  byId("figures").hidden = true;
  byId("decide").hidden = true;
}

/** @param {boolean} on */
function running(on) {
  byId("running").hidden = !on;
  start.disabled = on;
}

/** @param {string} sentence */
function refuse(sentence) {
  const box = sentence
    ? [el("div", { class: "notice notice-bad" }, icon("alert-circle"), el("div", { class: "grow" }, sentence))]
    : [];
  byId("refused").replaceChildren(...box);
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
