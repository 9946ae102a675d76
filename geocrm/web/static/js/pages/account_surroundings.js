// @ts-check
/** What lies around a customer: its neighbours on the map and in the list beside it, its territory and unit. */
import { getJson } from "../lib/api.js";
import { LABELS, fit } from "../lib/basemap.js";
import { el } from "../lib/dom.js";
import { formatDistance } from "../lib/format.js";
import { boxAroundAll } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";

/** @param {any} map @param {string} account @param {[number, number]} lonLat */
export async function showSurroundings(map, account, lonLat) {
  const around = document.getElementById("around");
  const found = await getJson(`/api/v1/accounts/${account}/surroundings`, { quiet: true }).catch(() => null);
  if (!found || !around) return;
  drawAreas(map, found);
  drawNeighbours(map, found.nearest);
  const list = /** @type {HTMLElement} */ (around.querySelector("ol"));
  list.replaceChildren(...found.nearest.map((/** @type {any} */ one) => row(map, one)));
  if (!found.nearest.length) list.replaceChildren(el("li", { class: "muted" }, t("Nobody else near by")));
  around.prepend(el("p", { class: "muted small record-areas" }, areaWords(found)));
  around.hidden = false;
  const near = found.nearest.slice(0, 5);
  if (near.length) fit(map, boxAroundAll([{ lon: lonLat[0], lat: lonLat[1] }, ...near]), { padding: 32, maxZoom: 15, animate: false });
  onThemeChange(() => paint(map));
}

/** @param {any} found */
function areaWords(found) {
  const parts = [];
  if (found.territory) parts.push(t("Territory {name}", { name: found.territory.name }));
  if (found.unit) parts.push(found.unit.name);
  parts.push(found.owner);
  return parts.join(" · ");
}

/** @param {any} map @param {any} found */
function drawAreas(map, found) {
  for (const [id, area] of [["unit", found.unit], ["territory", found.territory]]) {
    if (!area?.outline) continue;
    map.addSource(`around-${id}`, { type: "geojson", data: area.outline });
    const dashed = id === "unit" ? { "line-dasharray": [2, 2] } : {};
    map.addLayer({ id: `around-${id}`, type: "line", source: `around-${id}`, paint: { "line-width": id === "unit" ? 1.2 : 2, "line-color": "#000", ...dashed } }, LABELS);
  }
}

/** @param {any} map @param {any[]} nearest */
function drawNeighbours(map, nearest) {
  const features = nearest.map((one) => ({
    type: "Feature",
    id: one.id,
    properties: { id: one.id },
    geometry: { type: "Point", coordinates: [one.lon, one.lat] },
  }));
  map.addSource("around", { type: "geojson", data: { type: "FeatureCollection", features } });
  const hot = ["boolean", ["feature-state", "hot"], false];
  map.addLayer({ id: "around", type: "circle", source: "around", paint: { "circle-radius": ["case", hot, 8, 5], "circle-stroke-width": 1.5 } });
  paint(map);
  map.on("mousemove", "around", (/** @type {any} */ event) => mark(map, event.features?.[0]?.id ?? null));
  map.on("mouseleave", "around", () => mark(map, null));
  map.on("click", "around", (/** @type {any} */ event) => location.assign(`/accounts/${event.features[0].id}`));
}

/** @param {any} map */
function paint(map) {
  const set = (/** @type {string} */ layer, /** @type {string} */ name, /** @type {string} */ value) => {
    if (map.getLayer(layer)) map.setPaintProperty(layer, name, value);
  };
  set("around", "circle-color", token("--ink-3"));
  set("around", "circle-stroke-color", token("--surface"));
  set("around-territory", "line-color", token("--accent"));
  set("around-unit", "line-color", token("--ink-3"));
}

/** @param {any} map @param {any} one */
function row(map, one) {
  const link = el("a", { href: `/accounts/${one.id}`, "data-near": one.id },
    el("span", { class: "grow truncate" }, one.name),
    el("span", { class: "muted small num" }, formatDistance(one.distance_m)));
  for (const name of ["mouseenter", "focus"]) link.addEventListener(name, () => mark(map, one.id));
  for (const name of ["mouseleave", "blur"]) link.addEventListener(name, () => mark(map, null));
  return el("li", {}, link);
}

let marked = /** @type {number | null} */ (null);

/** Light a neighbour up on the map and in the list. @param {any} map @param {number | null} id */
function mark(map, id) {
  if (id === marked) return;
  if (marked !== null) map.setFeatureState({ source: "around", id: marked }, { hot: false });
  if (id !== null) map.setFeatureState({ source: "around", id }, { hot: true });
  marked = id;
  map.getCanvas().style.cursor = id === null ? "" : "pointer";
  for (const link of document.querySelectorAll("[data-near]")) {
    link.classList.toggle("record-near-hot", Number(/** @type {HTMLElement} */ (link).dataset.near) === id);
  }
}
