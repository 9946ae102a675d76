// @ts-check
/** White space on the map: the more customers a unit is short of, the stronger its colour. */
import { createMap, fit, LABELS } from "../lib/basemap.js";
import { boxAroundShapes } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";

const shapes = {
  type: "FeatureCollection",
  features: JSON.parse(document.getElementById("coverage-shapes")?.textContent ?? "[]"),
};

const map = await createMap(/** @type {HTMLElement} */ (document.getElementById("coverage-map")), { label: t("Map of white space") });
map.addSource("white", { type: "geojson", data: shapes });
map.addLayer({ id: "white-fill", type: "fill", source: "white", paint: { "fill-opacity": ["interpolate", ["linear"], ["sqrt", ["get", "share"]], 0, 0.1, 1, 0.8] } }, LABELS);
map.addLayer({ id: "white-line", type: "line", source: "white", paint: { "line-width": 1 } }, LABELS);
paint();
onThemeChange(paint);
fit(map, boxAroundShapes(shapes.features), { duration: 0, maxZoom: 9 });

function paint() {
  map.setPaintProperty("white-fill", "fill-color", token("--accent"));
  map.setPaintProperty("white-line", "line-color", token("--surface"));
}
