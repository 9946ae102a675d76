// @ts-check
/** The next plan for somebody's ground: what comes, goes and stays, on the map. */
import { createMap, fit, LABELS } from "../lib/basemap.js";
import { boxAroundShapes } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";

const shapes = JSON.parse(document.getElementById("next-shapes")?.textContent ?? "[]");
const COLOURS = { coming: "--good", going: "--bad", staying: "--accent" };

const map = await createMap(/** @type {HTMLElement} */ (document.getElementById("next-map")), { label: t("Map of what comes and goes") });
map.addSource("next", { type: "geojson", data: { type: "FeatureCollection", features: shapes } });
map.addLayer({ id: "next-fill", type: "fill", source: "next", paint: { "fill-opacity": 0.45 } }, LABELS);
map.addLayer({ id: "next-line", type: "line", source: "next", paint: { "line-width": 1 } }, LABELS);
paint();
onThemeChange(paint);
fit(map, boxAroundShapes(shapes), { duration: 0, maxZoom: 11 });

function paint() {
  const colour = ["match", ["get", "kind"], ...Object.entries(COLOURS).flatMap(([kind, name]) => [kind, token(name)]), token("--ink-3")];
  map.setPaintProperty("next-fill", "fill-color", colour);
  map.setPaintProperty("next-line", "line-color", token("--surface"));
}
