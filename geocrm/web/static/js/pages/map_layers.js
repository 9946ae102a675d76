// @ts-check
/** Sources and layers of the map page: customers, borders, what is pointed at and what is chosen. */
import { language, locale } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";
import { colourExpression, drawPicture, pictureExpression, segmentColours, territoryColours } from "./map_colours.js";

const FONT = ["Inter Variable"];
const EMPTY = /** @type {const} */ ({ type: "FeatureCollection", features: [] });
export const CUSTOMER_LAYERS = ["clusters", "points"];

/**
 * @param {any} map
 * @param {{segments: string[], territories: Array<{id: number, name: string, colour: number}>}} page
 * @param {string} filter what to show at first
 */
export function addCustomers(map, page, filter) {
  const colours = { segments: segmentColours(page.segments), territories: territoryColours(page.territories) };
  /** @type {"segment" | "territory"} */
  let mode = "segment";
  let shown = tileAddress(filter);
  map.setMissingStyleImageResolver((/** @type {string} */ name) => drawPicture(map, name, colours));
  map.addSource("customers", { type: "vector", tiles: [shown], maxzoom: 18 });
  map.addSource("pointed", { type: "geojson", data: EMPTY });
  map.addSource("chosen", { type: "geojson", data: EMPTY });
  map.addLayer(pointLayer());
  map.addLayer(nameLayer());
  map.addLayer(ring("chosen-ring", "chosen", 3));
  map.addLayer(clusterLayer());
  map.addLayer(ring("pointed-ring", "pointed", 2));
  const paint = () => {
    const point = mode === "segment" ? colourExpression("segment", colours.segments) : colourExpression("territory", colours.territories);
    map.setPaintProperty("points", "circle-color", point);
    map.setPaintProperty("points", "circle-stroke-color", token("--surface"));
    map.setLayoutProperty("clusters", "icon-image", pictureExpression(mode, page.segments));
    map.setPaintProperty("clusters", "text-color", token("--ink"));
    map.setPaintProperty("names", "text-color", token("--map-label"));
    map.setPaintProperty("names", "text-halo-color", token("--map-halo"));
    for (const layer of ["chosen-ring", "pointed-ring"]) map.setPaintProperty(layer, "circle-stroke-color", token("--accent"));
  };
  paint();
  map.once("remove", onThemeChange(paint));
  return {
    colours,
    /** @param {string} filter */
    filter(filter) {
      const address = tileAddress(filter);
      if (address === shown) return;
      shown = address;
      map.getSource("customers").setTiles([address]);
    },
    /** @param {"segment" | "territory"} by */
    colour(by) {
      mode = by;
      paint();
    },
    /** @param {[number, number] | null} lonLat */
    point: (lonLat) => map.getSource("pointed").setData(at(lonLat)),
    /** @param {[number, number] | null} lonLat */
    choose: (lonLat) => map.getSource("chosen").setData(at(lonLat)),
  };
}

/**
 * Show exactly these boundary layers, with the names of their units.
 * @param {any} map @param {string[]} wanted
 * @param {Array<{code: string, level: number, by: string}>} layers
 */
export function showBorders(map, wanted, layers) {
  for (const layer of layers) {
    const id = `border-${layer.code}`;
    const on = wanted.includes(layer.code);
    if (on && !map.getSource(id)) addBorders(map, id, layer);
    for (const part of [`${id}-line`, `${id}-name`]) {
      if (map.getLayer(part)) map.setLayoutProperty(part, "visibility", on ? "visible" : "none");
    }
  }
}

/** @param {any} map @param {string} id @param {{code: string, level: number, by: string}} layer */
function addBorders(map, id, layer) {
  const path = `/tiles/boundaries/${encodeURIComponent(layer.code)}/{z}/{x}/{y}.mvt`;
  // The first clause names the source; the whole line is in the documentation of the boundaries.
  const [attribution] = layer.by.split(", ");
  map.addSource(id, { type: "vector", tiles: [location.origin + path], maxzoom: 12, attribution });
  const name = language === "id" ? ["coalesce", ["get", "name_id"], ["get", "name"]] : ["get", "name"];
  map.addLayer(
    {
      id: `${id}-line`,
      type: "line",
      source: id,
      "source-layer": "boundaries",
      layout: { "line-join": "round" },
      paint: {
        "line-color": token("--accent"),
        "line-opacity": 0.75,
        "line-width": ["interpolate", ["linear"], ["zoom"], 3, 1.4 - layer.level * 0.4, 10, 2.6 - layer.level * 0.6],
      },
    },
    "points",
  );
  map.addLayer(
    {
      id: `${id}-name`,
      type: "symbol",
      source: id,
      "source-layer": "names",
      minzoom: [2, 4.5, 7][layer.level] ?? 7,
      layout: { "text-field": name, "text-font": FONT, "text-size": 12 - layer.level * 0.5, "text-max-width": 8 },
      paint: { "text-color": token("--accent-strong"), "text-halo-color": token("--map-halo"), "text-halo-width": 1.5 },
    },
    "points",
  );
}

/** @param {string} filter */
function tileAddress(filter) {
  const query = filter ? `?filter=${encodeURIComponent(filter)}` : "";
  return `${location.origin}/tiles/accounts/{z}/{x}/{y}.mvt${query}`;
}

/** @param {[number, number] | null} lonLat */
function at(lonLat) {
  if (!lonLat) return EMPTY;
  return { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: lonLat } };
}

function pointLayer() {
  return {
    id: "points",
    type: "circle",
    source: "customers",
    "source-layer": "accounts",
    filter: ["has", "id"],
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 3, 4, 9, 5.5, 14, 8],
      "circle-color": "#000",
      "circle-stroke-width": 1.5,
      "circle-stroke-color": "#fff",
    },
  };
}

function clusterLayer() {
  return {
    id: "clusters",
    type: "symbol",
    source: "customers",
    "source-layer": "accounts",
    filter: ["has", "point_count"],
    layout: {
      "icon-image": "",
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "text-field": ["number-format", ["get", "point_count"], { locale, notation: "compact", "max-fraction-digits": 1 }],
      "text-font": FONT,
      "text-size": ["step", ["get", "point_count"], 11, 250, 11.5, 5000, 12],
      "text-allow-overlap": true,
      "text-ignore-placement": true,
      "symbol-sort-key": ["get", "point_count"],
    },
    paint: { "text-color": "#000" },
  };
}

function nameLayer() {
  return {
    id: "names",
    type: "symbol",
    source: "customers",
    "source-layer": "accounts",
    minzoom: 14,
    filter: ["has", "name"],
    layout: {
      "text-field": ["get", "name"],
      "text-font": FONT,
      "text-size": 11.5,
      "text-anchor": "top",
      "text-offset": [0, 0.8],
      "text-max-width": 9,
      "text-optional": true,
    },
    paint: { "text-color": "#000", "text-halo-color": "#fff", "text-halo-width": 1.4 },
  };
}

/** @param {string} id @param {string} source @param {number} width */
function ring(id, source, width) {
  return {
    id,
    type: "circle",
    source,
    paint: { "circle-radius": 12, "circle-color": "transparent", "circle-stroke-width": width, "circle-stroke-color": "#000" },
  };
}
