// @ts-check
/** White space on the map: the more customers a unit is short of, the stronger its colour. */
import { createMap, fit, LABELS, openPopup } from "../lib/basemap.js";
import { el } from "../lib/dom.js";
import { boxAroundShapes } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";

const shapes = {
  type: "FeatureCollection",
  features: JSON.parse(document.getElementById("coverage-shapes")?.textContent ?? "[]"),
};

/** @type {any} the name that stands on the map */
let shown = null;
const map = await createMap(/** @type {HTMLElement} */ (document.getElementById("coverage-map")), { label: t("Map of white space") });
map.addSource("white", { type: "geojson", data: shapes });
map.addLayer({ id: "white-fill", type: "fill", source: "white", paint: { "fill-opacity": ["interpolate", ["linear"], ["sqrt", ["get", "share"]], 0, 0.1, 1, 0.8] } }, LABELS);
map.addLayer({ id: "white-line", type: "line", source: "white", paint: { "line-width": 1 } }, LABELS);
paint();
onThemeChange(paint);
fit(map, boxAroundShapes(shapes.features), { duration: 0, maxZoom: 11 });

map.on("click", "white-fill", (/** @type {any} */ event) => tell(event.features[0].properties.name, event.lngLat.toArray()));
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-unit]") : null;
  const shape = shapes.features.find((/** @type {any} */ one) => one.properties.code === button?.getAttribute("data-unit"));
  if (!button || !shape) return;
  const box = boxAroundShapes([shape]);
  fit(map, box, { maxZoom: 11 });
  tell(shape.properties.name, [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]);
  map.getContainer().scrollIntoView({ block: "nearest" });
});

/** @param {string} name @param {[number, number]} at */
function tell(name, at) {
  shown?.remove();
  shown = openPopup(map, at, el("b", {}, name));
}

function paint() {
  map.setPaintProperty("white-fill", "fill-color", token("--accent"));
  map.setPaintProperty("white-line", "line-color", token("--surface"));
}
