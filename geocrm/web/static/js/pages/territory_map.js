// @ts-check
/** The territories of a plan on the map: each unit filled with the colour of its territory. */
import { LABELS } from "../lib/basemap.js";
import { colourAt } from "../lib/palette.js";
import { token } from "../lib/theme.js";

const SOURCE = "units";
const NOTHING = "rgba(0,0,0,0)";
const PART = { source: SOURCE, "source-layer": "boundaries" };

/**
 * @param {any} map
 * @param {string} level
 * @param {import("./territory_plan.js").PlanState} state
 * @param {{onUnit: (code: string) => void}} events
 */
export function drawTerritories(map, level, state, { onUnit }) {
  /** @type {number | null} */
  let focused = null;
  let marked = "";
  let hovered = "";
  addLayers(map, level);
  paint();

  map.on("click", "unit-fill", (/** @type {any} */ event) => {
    const code = event.features[0].properties.code;
    if (state.units.has(code)) onUnit(code);
  });
  map.on("mousemove", "unit-fill", (/** @type {any} */ event) => hover(event.features[0].properties.code));
  map.on("mouseleave", "unit-fill", () => hover(""));

  /** @param {string} code */
  function hover(code) {
    const ours = state.units.has(code) ? code : "";
    if (hovered) set(hovered, { hover: false });
    hovered = ours;
    if (ours) set(ours, { hover: true });
    map.getCanvas().style.cursor = ours ? "pointer" : "";
  }

  /** @param {string} code @param {Record<string, unknown>} values */
  function set(code, values) {
    map.setFeatureState({ source: SOURCE, sourceLayer: "boundaries", id: code }, values);
  }

  function paint() {
    for (const unit of state.units.values()) {
      const territory = state.territories.get(unit.territory);
      const dim = focused !== null && unit.territory !== focused;
      set(unit.code, { colour: territory ? colourAt(territory.colour) : NOTHING, dim, marked: unit.code === marked });
    }
  }

  return {
    paint,
    /** Dim all others. @param {number | null} number */
    focus(number) {
      focused = number;
      marked = "";
      paint();
    },
    /** Outline one unit. @param {string} code */
    mark(code) {
      focused = null;
      marked = code;
      paint();
    },
  };
}

/** @param {any} map @param {string} level */
function addLayers(map, level) {
  map.addSource(SOURCE, {
    type: "vector",
    tiles: [`${location.origin}/tiles/boundaries/${level}/{z}/{x}/{y}.mvt`],
    maxzoom: 12,
    promoteId: { boundaries: "code" },
  });
  const below = map.getLayer(LABELS) ? LABELS : undefined;
  const flag = (/** @type {string} */ name) => ["boolean", ["feature-state", name], false];
  const ours = ["!=", ["coalesce", ["feature-state", "colour"], ""], ""];
  map.addLayer({
    id: "unit-fill",
    type: "fill",
    ...PART,
    paint: {
      "fill-color": ["to-color", ["coalesce", ["feature-state", "colour"], NOTHING]],
      "fill-opacity": ["case", ["!", ours], 0, flag("marked"), 0.95, flag("hover"), 0.85, flag("dim"), 0.15, 0.65],
    },
  }, below);
  map.addLayer({
    id: "unit-line",
    type: "line",
    ...PART,
    paint: {
      "line-color": ["case", flag("marked"), token("--ink"), token("--surface")],
      "line-width": ["case", flag("marked"), 2.5, ["!", ours], 0, 0.6],
      "line-opacity": ["case", flag("marked"), 1, 0.7],
    },
  }, below);
}

/** The box around units' points, a little wider. @param {{lon: number, lat: number}[]} units @returns {[number, number, number, number]} */
export function boxOf(units) {
  const lon = units.map((unit) => unit.lon);
  const lat = units.map((unit) => unit.lat);
  const margin = 0.25;
  return [Math.min(...lon) - margin, Math.min(...lat) - margin, Math.max(...lon) + margin, Math.max(...lat) + margin];
}
