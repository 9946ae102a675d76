// @ts-check
/** The next plan for somebody's ground: what comes, goes and stays, on the map. */
import { createMap, fit, LABELS, openPopup } from "../lib/basemap.js";
import { el } from "../lib/dom.js";
import { boxAroundShapes } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";

const shapes = JSON.parse(document.getElementById("next-shapes")?.textContent ?? "[]");
const COLOURS = { coming: "--good", going: "--bad", staying: "--accent" };

const place = /** @type {HTMLElement} */ (document.getElementById("next-map"));
const map = await createMap(place, { label: t("Map of what comes and goes") });
map.addSource("next", { type: "geojson", data: { type: "FeatureCollection", features: shapes } });
map.addLayer({ id: "next-fill", type: "fill", source: "next", paint: { "fill-opacity": 0.45 } }, LABELS);
map.addLayer({ id: "next-line", type: "line", source: "next", paint: { "line-width": ["interpolate", ["linear"], ["zoom"], 5, 0.3, 9, 1] } }, LABELS);
paint();
onThemeChange(paint);
fit(map, boxAroundShapes(shapes), { duration: 0, maxZoom: 11 });
map.on("click", "next-fill", (/** @type {any} */ event) => {
  const { code, name } = event.features[0].properties;
  const query = new URLSearchParams({ plan: place.dataset.plan ?? "", unit: code });
  openPopup(map, event.lngLat.toArray(), el("div", { class: "stack-s" }, el("b", {}, name), el("div", {}, el("a", { href: `/territories/next?${query}#challenge` }, t("Challenge")))));
});
for (const kind of ["mouseenter", "mouseleave"]) map.on(kind, "next-fill", () => (map.getCanvas().style.cursor = kind === "mouseenter" ? "pointer" : ""));

function paint() {
  const colour = ["match", ["get", "kind"], ...Object.entries(COLOURS).flatMap(([kind, name]) => [kind, token(name)]), token("--ink-3")];
  map.setPaintProperty("next-fill", "fill-color", colour);
  map.setPaintProperty("next-line", "line-color", token("--surface"));
}
