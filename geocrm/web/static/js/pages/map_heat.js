// @ts-check
/** Heat: every customer of the tiles once, clusters with the weight of all in them. */
import { heatExpression } from "./map_colours.js";

/** Nearly all clusters of a zoom weigh less; the few above it are all shown as hottest. */
const HOT_SHARE = 0.97;

export function heatLayer() {
  return {
    id: "heat",
    type: "heatmap",
    source: "customers",
    "source-layer": "accounts",
    layout: { visibility: "none" },
    paint: {
      "heatmap-radius": ["interpolate", ["linear"], ["zoom"], 2, 26, 9, 38, 15, 46],
      "heatmap-opacity": 0.85,
    },
  };
}

/** @param {any} map */
export function createHeat(map) {
  let size = "count";
  /** @type {number | null} */
  let average = null;
  let on = false;
  let scaledFor = "";

  // A weight is told against those of the same zoom; while the map is panned it stays.
  map.on("idle", () => {
    const key = `${Math.floor(map.getZoom())} ${size} ${average}`;
    if (!on || key === scaledFor) return;
    const weights = map.querySourceFeatures("customers", { sourceLayer: "accounts" }).map((/** @type {any} */ one) => weightOf(one.properties));
    if (!weights.length) return;
    weights.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
    scaledFor = key;
    weigh(weights[Math.floor((weights.length - 1) * HOT_SHARE)] || 1);
  });

  /** @param {any} properties */
  function weightOf(properties) {
    return size === "revenue" ? properties.revenue ?? average ?? 0 : properties.point_count ?? 1;
  }

  /** @param {number} hot the weight that is hot by itself */
  function weigh(hot) {
    // A tile tells no revenue of a customer alone: the average stands for it.
    const weight = size === "revenue" ? ["coalesce", ["get", "revenue"], average ?? 0] : ["coalesce", ["get", "point_count"], 1];
    map.setPaintProperty("heat", "heatmap-weight", ["/", weight, hot]);
  }

  return {
    /** @param {{layer: string, size: string, filter: any}} state @param {number | null} mean revenue of a customer */
    paint(state, mean) {
      on = state.layer === "heat";
      if (!on) return;
      [size, average] = [state.size, mean];
      map.setPaintProperty("heat", "heatmap-color", heatExpression());
      map.triggerRepaint();
    },
    /** After another filter the same zoom has other weights. */
    forget() {
      scaledFor = "";
    },
  };
}
