// @ts-check
/** The next plan for somebody's ground: what comes, goes and stays, on the map. */
import { createMap, fit, LABELS } from "../lib/basemap.js";
import { t } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";

const shapes = JSON.parse(document.getElementById("next-shapes")?.textContent ?? "{}");
const COLOURS = { coming: "--good", going: "--bad", staying: "--accent" };

const map = await createMap(/** @type {HTMLElement} */ (document.getElementById("next-map")), { label: t("Map of what comes and goes") });
map.addSource("next", { type: "geojson", data: shapes });
map.addLayer({ id: "next-fill", type: "fill", source: "next", paint: { "fill-opacity": 0.45 } }, LABELS);
map.addLayer({ id: "next-line", type: "line", source: "next", paint: { "line-width": 1 } }, LABELS);
paint();
onThemeChange(paint);
fit(map, box(), { duration: 0, maxZoom: 9 });

function paint() {
  const colour = ["match", ["get", "kind"], ...Object.entries(COLOURS).flatMap(([kind, name]) => [kind, token(name)]), token("--ink-3")];
  map.setPaintProperty("next-fill", "fill-color", colour);
  map.setPaintProperty("next-line", "line-color", token("--surface"));
}

/** The smallest box around all shapes. */
function box() {
  const found = [180, 90, -180, -90];
  /** @param {any} part */
  const walk = (part) => {
    if (typeof part[0] !== "number") return part.forEach(walk);
    found[0] = Math.min(found[0], part[0]);
    found[1] = Math.min(found[1], part[1]);
    found[2] = Math.max(found[2], part[0]);
    found[3] = Math.max(found[3], part[1]);
  };
  for (const one of shapes.features) walk(one.geometry.coordinates);
  return /** @type {any} */ (found);
}
