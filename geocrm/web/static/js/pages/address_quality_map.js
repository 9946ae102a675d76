// @ts-check
/** Weak areas as a map: each unit in the colour of its share, and a point that is looked at. */
import { addMarker, createMap, fit, LABELS } from "../lib/basemap.js";
import { el, icon } from "../lib/dom.js";
import { boxAroundAll } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { SEQUENTIAL_COLOURS } from "../lib/palette.js";
import { onThemeChange, token } from "../lib/theme.js";

const SOURCE = "weak-units";
const FILL = "weak-fill";
const LINE = "weak-line";
const PART = { source: SOURCE, "source-layer": "boundaries" };
const NOTHING = "rgba(0,0,0,0)";

/** @param {HTMLElement} container @param {{onUnit: (code: string) => void}} events */
export async function createWeakMap(container, { onUnit }) {
  const map = await createMap(container, { label: t("Map of weak areas. The table holds the same figures.") });
  let drawn = "";
  let chosen = "";
  /** @type {any[]} */
  let looked = [];

  /** @param {string} layer */
  function addSource(layer) {
    if (drawn === layer) return map.removeFeatureState({ source: SOURCE, sourceLayer: "boundaries" });
    for (const id of [FILL, LINE]) if (map.getLayer(id)) map.removeLayer(id);
    if (map.getSource(SOURCE)) map.removeSource(SOURCE);
    drawn = layer;
    map.addSource(SOURCE, {
      type: "vector",
      tiles: [`${location.origin}/tiles/boundaries/${layer}/{z}/{x}/{y}.mvt`],
      maxzoom: 12,
      promoteId: { boundaries: "code" },
    });
    addLayers(map);
  }

  const repaint = () => {
    if (!map.getLayer(LINE)) return;
    map.setPaintProperty(LINE, "line-color", lineColour());
  };
  map.once("remove", onThemeChange(repaint));
  map.on("click", FILL, (/** @type {any} */ event) => onUnit(event.features[0].properties.code));
  map.on("mousemove", FILL, () => (map.getCanvas().style.cursor = "pointer"));
  map.on("mouseleave", FILL, () => (map.getCanvas().style.cursor = ""));

  /** @param {string} code @param {Record<string, unknown>} values */
  const set = (code, values) => map.setFeatureState({ source: SOURCE, sourceLayer: "boundaries", id: code }, values);

  return {
    /** @param {string} layer @param {any[]} units each with code, share, lon and lat */
    show(layer, units) {
      const fresh = drawn !== layer;
      addSource(layer);
      const most = Math.max(0.01, ...units.map((one) => one.share));
      for (const unit of units) set(unit.code, { colour: colourOf(unit.share / most) });
      chosen = "";
      const placed = units.filter((one) => one.lon !== null);
      if (fresh && placed.length) fit(map, boxAroundAll(placed), { duration: 0, padding: 32, maxZoom: 8 });
    },
    /** @param {string | null} code */
    choose(code) {
      if (chosen) set(chosen, { marked: false });
      chosen = code ?? "";
      if (chosen) set(chosen, { marked: true });
    },
    /** Show where a point is and where it would be. @param {any} row */
    look(row) {
      for (const marker of looked) marker.remove();
      looked = [];
      if (!row) return;
      const places = [{ lon: row.lon, lat: row.lat }];
      looked.push(addMarker(map, [row.lon, row.lat], el("span", { class: "quality-dot is-wrong", title: t("Where it is now") }, icon("x", "i-s"))));
      if (row.to_lon !== null) {
        places.push({ lon: row.to_lon, lat: row.to_lat });
        looked.push(addMarker(map, [row.to_lon, row.to_lat], el("span", { class: "quality-dot is-right", title: t("Where it would be") }, icon("check", "i-s"))));
      }
      fit(map, boxAroundAll(places), { padding: 60, maxZoom: 9 });
    },
  };
}

/** @param {any} map */
function addLayers(map) {
  const below = map.getLayer(LABELS) ? LABELS : undefined;
  map.addLayer({
    id: FILL,
    type: "fill",
    ...PART,
    paint: { "fill-color": ["to-color", ["coalesce", ["feature-state", "colour"], NOTHING]], "fill-opacity": 0.8 },
  }, below);
  map.addLayer({
    id: LINE,
    type: "line",
    ...PART,
    paint: { "line-color": lineColour(), "line-width": ["case", marked(), 2.5, 0.5] },
  }, below);
}

const marked = () => ["boolean", ["feature-state", "marked"], false];
const lineColour = () => ["case", marked(), token("--ink"), token("--surface")];

/** @param {number} share 0 to 1 of the weakest */
function colourOf(share) {
  const last = SEQUENTIAL_COLOURS.length - 1;
  return SEQUENTIAL_COLOURS[Math.min(last, Math.floor(share * (last + 1)))];
}
