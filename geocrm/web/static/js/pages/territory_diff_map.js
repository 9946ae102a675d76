// @ts-check
/** One of two plans on its map: units in the colours of their territories, outlined where they move. */
import { LABELS } from "../lib/basemap.js";
import { colourAt } from "../lib/palette.js";
import { onThemeChange, token } from "../lib/theme.js";

const NOTHING = "rgba(0,0,0,0)";
const PART = { source: "units", "source-layer": "boundaries" };
const flag = (/** @type {string} */ name) => ["boolean", ["feature-state", name], false];

/**
 * @param {any} map @param {string} level
 * @param {import("./territory_diff.js").Side} side
 * @param {Set<string>} moved
 */
export function drawSide(map, level, side, moved) {
  addLayers(map, level);
  onThemeChange(() => {
    map.setPaintProperty("unit-line", "line-color", token("--surface"));
    map.setPaintProperty("moved-line", "line-color", token("--ink"));
  });
  for (const [code, territory] of Object.entries(side.units)) {
    set(code, { colour: colourAt(side.colour[territory]), moved: moved.has(code) });
  }
  for (const code of moved) if (!(code in side.units)) set(code, { moved: true });

  /** @param {string} code @param {Record<string, unknown>} values */
  function set(code, values) {
    map.setFeatureState({ source: "units", sourceLayer: "boundaries", id: code }, values);
  }

  return {
    /** Let what moves stand out, or show all alike. @param {boolean} shown */
    showMoved(shown) {
      map.setPaintProperty("unit-fill", "fill-opacity", opacity(shown));
      map.setLayoutProperty("moved-line", "visibility", shown ? "visible" : "none");
    },
    /** Outline these units thickly. @param {Set<string>} codes */
    mark(codes) {
      for (const code of moved) set(code, { marked: codes.has(code) });
    },
  };
}

/** @param {boolean} others whether what stays is pale */
function opacity(others) {
  const ours = ["!=", ["coalesce", ["feature-state", "colour"], ""], ""];
  return ["case", ["!", ours], 0, flag("moved"), 0.9, others ? 0.25 : 0.65];
}

/** @param {any} map @param {string} level */
function addLayers(map, level) {
  map.addSource("units", {
    type: "vector",
    tiles: [`${location.origin}/tiles/boundaries/${level}/{z}/{x}/{y}.mvt`],
    maxzoom: 12,
    promoteId: { boundaries: "code" },
  });
  const below = map.getLayer(LABELS) ? LABELS : undefined;
  const fill = ["to-color", ["coalesce", ["feature-state", "colour"], NOTHING]];
  map.addLayer({ id: "unit-fill", type: "fill", ...PART, paint: { "fill-color": fill, "fill-opacity": opacity(true) } }, below);
  map.addLayer({ id: "unit-line", type: "line", ...PART, paint: { "line-color": token("--surface"), "line-width": 0.4, "line-opacity": 0.5 } }, below);
  const moved = flag("moved");
  map.addLayer({
    id: "moved-line",
    type: "line",
    ...PART,
    layout: { "line-join": "round" },
    paint: {
      "line-color": token("--ink"),
      "line-width": ["case", flag("marked"), 3.5, 1.5],
      "line-opacity": ["case", moved, 1, 0],
    },
  }, below);
}
