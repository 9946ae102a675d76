// @ts-check
/**
 * Heat: from the middles of hexagons, which are in one tile each and hold every customer once.
 * Focus narrows it to the customers in focus, as warmth cannot be dimmed in parts.
 */
import { LABELS, retile } from "../lib/basemap.js";
import { heatExpression } from "./map_colours.js";
import { finestOf, hexagonTiles } from "./map_hexagons.js";

/** Nearly all hexagons of a zoom weigh less; the few above it are hottest without help of others. */
const HOT_SHARE = 0.98;
const OPACITY = 0.85;
const RADIUS = 68; // px; the hexagons are 26 to 52 px wide, so that warmth flows together

/** @param {any} map @param {{individuals: boolean, segments: string[]}} page */
export function createHeat(map, page) {
  const finest = finestOf(page);
  let shown = "";
  let scaledFor = "";
  /** @type {any} */
  let state = null;

  // Drawn once its weights are known: before, every hexagon would be as hot as any other.
  map.on("sourcedata", (/** @type {any} */ event) => event.sourceId === "heat" && scaledFor === "" && map.isSourceLoaded("heat") && scale());
  // A weight is told against those of the same zoom; while the map is panned it stays.
  map.on("idle", scale);

  function scale() {
    const key = `${Math.min(Math.floor(map.getZoom()), finest)} ${state?.size} ${shown}`;
    if (!state || key === scaledFor) return;
    const weights = map.querySourceFeatures("heat", { sourceLayer: "middles" }).map((/** @type {any} */ one) => one.properties[state.size] ?? 0);
    if (!weights.length) return;
    weights.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
    scaledFor = key;
    const hot = weights[Math.floor((weights.length - 1) * HOT_SHARE)] || 1;
    map.setPaintProperty("heat", "heatmap-weight", ["/", ["coalesce", ["get", state.size], 0], hot]);
    map.setPaintProperty("heat", "heatmap-opacity", OPACITY);
  }

  function draw() {
    const wanted = hexagonTiles(narrowed(state, page.segments));
    if (!map.getSource("heat")) {
      map.addSource("heat", { type: "vector", tiles: [wanted], maxzoom: finest });
      // Beyond the finest hexagons the same warmth spreads over the ground that they cover.
      const radius = ["interpolate", ["exponential", 2], ["zoom"], 0, RADIUS * 0.7, finest, RADIUS, finest + 5, RADIUS * 32];
      map.addLayer({ id: "heat", type: "heatmap", source: "heat", "source-layer": "middles", paint: { "heatmap-radius": radius, "heatmap-opacity": 0 } }, LABELS);
    } else if (wanted !== shown) retile(map, "heat", wanted);
    shown = wanted;
    map.setLayoutProperty("heat", "visibility", "visible");
    map.setPaintProperty("heat", "heatmap-color", heatExpression());
    map.triggerRepaint();
  }

  return {
    /** @param {any} next the state of the view; null hides the heat */
    show(next) {
      state = next;
      if (state) draw();
      else if (map.getLayer("heat")) map.setLayoutProperty("heat", "visibility", "none");
    },
  };
}

/** The filter, and that customers are in focus. @param {any} state @param {string[]} segments */
function narrowed({ filter, focus, colour }, segments) {
  if (!focus.length) return filter;
  const territory = colour === "territory";
  const field = territory ? "territory" : "segment";
  const named = focus.filter((/** @type {string} */ one) => one !== "none");
  const parts = [];
  if (named.length) parts.push({ field, op: "in", value: territory ? named.map(Number) : named });
  if (focus.includes("none")) parts.push(territory ? { field, op: "empty", value: true } : { field, op: "not_in", value: segments });
  return { and: [...(filter ? [filter] : []), { or: parts }] };
}
