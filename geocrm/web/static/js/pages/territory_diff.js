// @ts-check
/** Two plans on two maps that move together, beside or over each other; what moves stands out. */
import { createMap, fit, openPopup } from "../lib/basemap.js";
import { el } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { drawSide, fillOf } from "./territory_diff_map.js";
import { bindModes } from "./territory_diff_modes.js";

/**
 * @typedef {{colour: number[], name: string[], units: Record<string, number>}} Side
 * @typedef {{levels: string[], before: Side, after: Side, names: Record<string, string>, places: Record<string, [number, number]>}} Drawn
 */

const page = JSON.parse(byId("diff").textContent ?? "{}");
/** @type {Drawn} */
const drawn = page.drawn;
/** @type {{codes: string[]}[]} */
const flows = page.matrix;
const moved = new Set(flows.flatMap((flow) => flow.codes));
/** Whether one map moves because the other did. */
let following = false;

const maps = await Promise.all([
  createMap(byId("map-a"), { label: t("Map of the plan from which units go"), controls: false }),
  createMap(byId("map-b"), { label: t("Map of the plan to which units go") }),
]);
const sides = [drawn.before, drawn.after].map((side, at) => drawSide(maps[at], drawn.levels, side, moved));
maps.forEach((map, at) => {
  map.on("move", () => follow(map, maps[1 - at]));
  for (const level of drawn.levels.keys()) map.on("click", fillOf(level), (/** @type {any} */ event) => tell(map, event));
});
/** What is looked at, until somebody moves the map away from it. @type {string[] | null} */
let lookedAt = Object.keys(drawn.places);
for (const map of maps) map.on("movestart", (/** @type {any} */ event) => event.originalEvent && (lookedAt = null));

bindModes(byId("diff-maps"), maps, () => lookedAt && fit(maps[0], boxOf(lookedAt), { duration: 0 }));

const layer = document.getElementById("moved-layer");
layer?.addEventListener("click", () => {
  const shown = layer.getAttribute("aria-pressed") !== "true";
  layer.setAttribute("aria-pressed", String(shown));
  for (const side of sides) side.showMoved(shown);
});
for (const side of sides) side.showMoved(layer !== null);
byId("diff-maps").dataset.ready = "true";

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-show]");
  if (button instanceof HTMLElement) show(Number(button.dataset.show));
});

/** The other map shows the same ground. @param {any} map @param {any} other */
function follow(map, other) {
  if (following) return;
  following = true;
  other.jumpTo({ center: map.getCenter(), zoom: map.getZoom() });
  following = false;
}

/** The units of one row of the table. @param {number} row */
function show(row) {
  const codes = flows[row].codes;
  sides.forEach((side) => side.mark(new Set(codes)));
  lookedAt = codes;
  fit(maps[0], boxOf(codes));
  for (const line of document.querySelectorAll("tr[data-flow]")) {
    line.classList.toggle("chosen", line.getAttribute("data-flow") === String(row));
  }
}

/** Where the unit under the pointer is and goes. @param {any} map @param {any} event */
function tell(map, event) {
  const code = event.features[0].properties.code;
  if (!(code in drawn.names)) return;
  const [before, after] = [drawn.before, drawn.after].map((side) => side.name[side.units[code]] ?? t("none"));
  const words = moved.has(code) ? t("{before} → {after}", { before, after }) : t("Stays in {after}", { after });
  openPopup(map, event.lngLat.toArray(), el("div", {}, el("b", {}, drawn.names[code]), el("div", {}, words)));
}

/** The box around units' points, a little wider. @param {string[]} codes @returns {[number, number, number, number]} */
function boxOf(codes) {
  const spots = codes.map((code) => drawn.places[code]).filter(Boolean);
  const lon = spots.map((spot) => spot[0]);
  const lat = spots.map((spot) => spot[1]);
  const margin = 0.4;
  return [Math.min(...lon) - margin, Math.min(...lat) - margin, Math.max(...lon) + margin, Math.max(...lat) + margin];
}

/** @param {string} id @returns {HTMLElement} */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`No #${id}`);
  return found;
}
