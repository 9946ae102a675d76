// @ts-check
/** One of two plans on its map: units in the colours of their territories, outlined where they move. */
import { LABELS } from "../lib/basemap.js";
import { colourAt } from "../lib/palette.js";
import { onThemeChange, token } from "../lib/theme.js";

const NOTHING = "rgba(0,0,0,0)";
/** The layer of units of a level, counted from the coarsest. @param {number} at */
export const fillOf = (at) => `unit-fill-${at}`;
const flag = (/** @type {string} */ name) => ["boolean", ["feature-state", name], false];

/**
 * @param {any} map @param {string[]} levels those of both plans, the coarsest first
 * @param {import("./territory_diff.js").Side} side
 * @param {Set<string>} moved
 */
export function drawSide(map, levels, side, moved) {
  levels.forEach((level, at) => addLayers(map, level, at));
  onThemeChange(() => levels.forEach((_level, at) => {
    map.setPaintProperty(`unit-line-${at}`, "line-color", token("--surface"));
    map.setPaintProperty(`moved-line-${at}`, "line-color", token("--ink"));
  }));
  for (const [code, territory] of Object.entries(side.units)) {
    set(code, { colour: colourAt(side.colour[territory]), moved: moved.has(code) });
  }
  for (const code of moved) if (!(code in side.units)) set(code, { moved: true });

  /** @param {string} code @param {Record<string, unknown>} values */
  function set(code, values) {
    levels.forEach((_level, at) => map.setFeatureState({ source: `units-${at}`, sourceLayer: "boundaries", id: code }, values));
  }

  return {
    /** Let what moves stand out, or show all alike. @param {boolean} shown */
    showMoved(shown) {
      levels.forEach((_level, at) => {
        map.setPaintProperty(fillOf(at), "fill-opacity", opacity(shown));
        map.setLayoutProperty(`moved-line-${at}`, "visibility", shown ? "visible" : "none");
      });
    },
    /** Outline these units thickly. @param {Set<string>} codes */
    mark(codes) {
      for (const code of moved) set(code, { marked: codes.has(code) });
    },
  };
}

/** Units that this plan gives a territory: of a coarser level only those the finer one leaves. */
const ours = ["!=", ["coalesce", ["feature-state", "colour"], ""], ""];

/** @param {boolean} others whether what stays is pale */
function opacity(others) {
  return ["case", ["!", ours], 0, flag("moved"), 0.9, others ? 0.25 : 0.65];
}

/** @param {any} map @param {string} level @param {number} at */
function addLayers(map, level, at) {
  const part = { source: `units-${at}`, "source-layer": "boundaries" };
  map.addSource(part.source, {
    type: "vector",
    tiles: [`${location.origin}/tiles/boundaries/${level}/{z}/{x}/{y}.mvt`],
    maxzoom: 12,
    promoteId: { boundaries: "code" },
  });
  const below = map.getLayer(LABELS) ? LABELS : undefined;
  const fill = ["to-color", ["coalesce", ["feature-state", "colour"], NOTHING]];
  map.addLayer({ id: fillOf(at), type: "fill", ...part, paint: { "fill-color": fill, "fill-opacity": opacity(true) } }, below);
  map.addLayer({ id: `unit-line-${at}`, type: "line", ...part, paint: { "line-color": token("--surface"), "line-width": 0.4, "line-opacity": ["case", ours, 0.5, 0] } }, below);
  const moved = flag("moved");
  map.addLayer({
    id: `moved-line-${at}`,
    type: "line",
    ...part,
    layout: { "line-join": "round" },
    paint: {
      "line-color": token("--ink"),
      // From afar outlines of neighbours would run together and hide the colours.
      "line-width": ["interpolate", ["linear"], ["zoom"], 4, ["case", flag("marked"), 1.6, 0.4], 8, ["case", flag("marked"), 3.5, 1.5]],
      "line-opacity": ["case", moved, 1, 0],
    },
  }, below);
}
