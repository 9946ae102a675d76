// @ts-check
/** Hexagons of customers: an even lattice that follows the zoom in steps, coloured by classes. */
import { getJson } from "../lib/api.js";
import { LABELS, retile } from "../lib/basemap.js";
import { onThemeChange, token } from "../lib/theme.js";
import { rampOf, stepExpression } from "./map_colours.js";

/** The finest hexagons there are: of customers one sees, and of customers one may only count. @param {{individuals: boolean}} page */
export const finestOf = (page) => (page.individuals ? 14 : 7);

/** Where tiles of hexagons come from. @param {any} filter a tree, or null */
export function hexagonTiles(filter) {
  const query = filter ? `?filter=${encodeURIComponent(JSON.stringify(filter))}` : "";
  return `${location.origin}/tiles/hexagons/{z}/{x}/{y}.mvt${query}`;
}

/** Classes are those of the tiles, a zoom out, that the view touches: panning changes few. */
const BLOCK_LEVELS = 1;
export const DIMMED = 0.14;

/**
 * The value of a feature by the measure of the state. @param {any} state
 */
export function valueExpression({ measure, share }) {
  const number = (/** @type {string} */ name) => ["coalesce", ["get", name], 0];
  if (measure === "revenue") return number("revenue");
  if (measure === "average") return ["/", number("revenue"), number("count")];
  if (measure === "share") return ["/", number(`seg_${share}`), number("count")];
  return number("count");
}

/**
 * @param {any} map @param {{individuals: boolean}} page
 * @param {(state: any, figures: any) => void} onFigures the legend's rows, whenever they change
 */
export function createHexagons(map, page, onFigures) {
  const finest = finestOf(page);
  /** @type {any} */
  let state = null;
  let shown = "";
  let asked = "";
  /** @type {any} */
  let classes = null;
  let asking = new AbortController();

  map.on("moveend", () => state && classify());
  map.once("remove", onThemeChange(() => state && paint()));

  function draw() {
    const wanted = hexagonTiles(state.filter);
    if (!map.getSource("hexagons")) {
      map.addSource("hexagons", { type: "vector", tiles: [wanted], maxzoom: finest });
      const from = { source: "hexagons", "source-layer": "hexagons" };
      // Nothing is drawn before it is known in which colours.
      map.addLayer({ id: "hexagons", type: "fill", ...from, paint: { "fill-color": "#000", "fill-opacity": 0 } }, LABELS);
      map.addLayer({ id: "hexagons-line", type: "line", ...from, paint: { "line-color": "#000", "line-width": ["case", ["boolean", ["feature-state", "hover"], false], 2.5, 0.6] } }, LABELS);
    } else if (wanted !== shown) retile(map, "hexagons", wanted);
    shown = wanted;
    for (const layer of ["hexagons", "hexagons-line"]) map.setLayoutProperty(layer, "visibility", "visible");
  }

  function paint() {
    if (!map.getLayer("hexagons") || !classes) return;
    const colours = rampOf(classes.sizes.length || 1);
    const value = valueExpression(state);
    // Other classes may be fewer than the one that was in focus.
    const some = colours.some((_, i) => state.focus.includes(String(i)));
    const lit = colours.map((_, i) => (!some || state.focus.includes(String(i)) ? 0.82 : DIMMED));
    map.setPaintProperty("hexagons", "fill-color", stepExpression(value, classes.breaks, colours));
    map.setPaintProperty("hexagons", "fill-opacity", stepExpression(value, classes.breaks, lit));
    map.setPaintProperty("hexagons-line", "line-color", ["case", ["boolean", ["feature-state", "hover"], false], token("--ink"), token("--map-land")]);
    onFigures(state, { kind: "classes", what: "hexagons", classes, colours });
  }

  async function classify() {
    const zoom = Math.min(Math.max(0, Math.floor(map.getZoom())), finest);
    const query = {
      filter: state.filter ? JSON.stringify(state.filter) : "",
      bbox: blocksAround(map.getBounds(), Math.max(0, zoom - BLOCK_LEVELS)),
      zoom,
      measure: state.measure,
      share: state.share,
      classes: state.classes,
    };
    const key = JSON.stringify(query);
    if (key === asked) return paint();
    asked = key;
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      classes = await getJson("/api/v1/accounts/hexagons/classes", { query, signal });
      if (state) paint();
    } catch {
      if (asked === key) asked = "";
      if (!signal.aborted) onFigures(state, { kind: "lost", what: "hexagons" });
    }
  }

  return {
    /** After customers were changed: ask again. */
    forget() {
      asked = "";
    },
    /** @param {any} next the state of the view; null hides the hexagons */
    show(next) {
      state = next;
      if (state) {
        draw();
        classify();
      } else if (map.getLayer("hexagons")) {
        asking.abort();
        asked = "";
        for (const layer of ["hexagons", "hexagons-line"]) map.setLayoutProperty(layer, "visibility", "none");
      }
    },
  };
}

/**
 * The view, grown to whole tiles of a zoom, so that the same question is asked while it moves
 * inside them. @param {any} bounds @param {number} level
 */
function blocksAround(bounds, level) {
  const size = 2 ** level;
  const lonOf = (/** @type {number} */ x) => (x / size) * 360 - 180;
  const latOf = (/** @type {number} */ y) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / size))) * 180) / Math.PI;
  const rowOf = (/** @type {number} */ lat) => {
    const sine = Math.sin((Math.max(-85.05, Math.min(85.05, lat)) * Math.PI) / 180);
    return Math.max(0, Math.min(size - 1, Math.floor((0.5 - Math.atanh(sine) / (2 * Math.PI)) * size)));
  };
  const columnOf = (/** @type {number} */ lon) => Math.floor((lon / 360 + 0.5) * size);
  const [top, bottom] = [rowOf(bounds.getNorth()), rowOf(bounds.getSouth())];
  const [left, right] = [columnOf(bounds.getWest()), columnOf(bounds.getEast())];
  // A hair inside the blocks, as a border belongs to the block beyond it.
  const hair = 1e-6;
  const turned = (/** @type {number} */ lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
  const whole = right - left + 1 >= size;
  const west = whole ? -180 : turned(lonOf(left) + hair);
  const east = whole ? 180 : turned(lonOf(right + 1) - hair);
  return [west, latOf(bottom + 1) + hair, east, latOf(top) - hair].map((one) => one.toFixed(6)).join(",");
}
