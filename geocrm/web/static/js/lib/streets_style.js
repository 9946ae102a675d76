// @ts-check
/** How streets are drawn: layers and properties as geocrm/places/packs/drawing.py names them. */
import { token } from "./theme.js";

export const MIN_ZOOM = 9;
export const MAX_ZOOM = 15;
const FONT = ["Inter Variable"];
const FAST = ["motorway", "trunk"];
const MAJOR = ["primary", "secondary"];
const CASED = [...FAST, ...MAJOR, "tertiary", "minor", "pedestrian", "service"];
/** Widths of roads, px at zoom 9, 12, 15 and 18. @type {Record<string, [number, number, number, number]>} */
const WIDTHS = {
  motorway: [1, 2.4, 8, 28],
  trunk: [0.9, 2.2, 7.4, 26],
  primary: [0.7, 1.8, 6.6, 24],
  secondary: [0.5, 1.4, 5.6, 21],
  tertiary: [0.3, 1, 4.6, 18],
  minor: [0.2, 0.6, 3.2, 15],
  pedestrian: [0.2, 0.5, 2.6, 10],
  service: [0.1, 0.4, 1.7, 8],
};

/** What is drawn, from below to above; the names of the layers end so. */
export const SLOTS = [
  "sea", "land", "surface", "green", "water", "streams", "buildings", "runways", "piers", "ferries",
  "tunnels", "cases", "roads", "paths", "bridge-cases", "bridges", "rails", "ties",
  "numbers", "oneways", "road-names", "stream-names", "names", "towns",
];
const TOWNS = ["city", "town"];

/**
 * The layers of a pack, one a slot, in the colours of now.
 * @param {string} source
 * @returns {Array<{id: string, type: string, layout?: any, paint: Record<string, any>} & Record<string, any>>}
 */
export function streetLayers(source) {
  const drawn = { ...grounds(), ...roads(), ...names() };
  return SLOTS.map((slot) => ({ id: `${source}-${slot}`, source, ...drawn[/** @type {keyof typeof drawn} */ (slot)] }));
}

const kindIs = (/** @type {string[]} */ ...kinds) => ["in", ["get", "kind"], ["literal", kinds]];
const byZoom = (/** @type {any[]} */ ...stops) => ["interpolate", ["exponential", 1.5], ["zoom"], ...stops];
/** A token by the kind of the feature. @param {string} others @param {Array<[string[], string]>} choices */
const tokenByKind = (others, ...choices) => ["match", ["get", "kind"], ...choices.flatMap(([kinds, name]) => [kinds, token(name)]), token(others)];

function grounds() {
  return {
    sea: { ...fill("land", kindIs("sea")), paint: { "fill-color": token("--map-water") } },
    land: { ...fill("land", kindIs("land")), paint: { "fill-color": token("--map-land") } },
    surface: {
      ...fill("land", kindIs("sand", "paved")),
      paint: { "fill-color": tokenByKind("--map-paved", [["sand"], "--map-sand"]) },
    },
    green: {
      ...fill("green"),
      paint: { "fill-color": tokenByKind("--map-park", [["wood", "cemetery"], "--map-wood"], [["wetland"], "--map-wetland"]) },
    },
    water: { ...fill("water"), paint: { "fill-color": token("--map-water") } },
    streams: {
      ...line("water", undefined, { "line-cap": "round" }),
      paint: {
        "line-color": token("--map-water"),
        "line-width": byZoom(9, ["match", ["get", "kind"], "river", 1, 0.3], 13, ["match", ["get", "kind"], "river", 3, "canal", 2, 0.8], 18, ["match", ["get", "kind"], "river", 14, "canal", 10, "stream", 4, 2]),
      },
    },
    buildings: {
      ...fill("buildings"),
      minzoom: 14,
      paint: {
        "fill-color": token("--map-building"),
        "fill-outline-color": token("--map-building-line"),
        "fill-opacity": ["interpolate", ["linear"], ["zoom"], 14, 0.4, 15.5, 1],
      },
    },
    runways: {
      ...line("roads", kindIs("runway")),
      paint: { "line-color": token("--map-paved"), "line-width": byZoom(11, 2, 15, 16, 18, 60) },
    },
    piers: {
      ...line("roads", kindIs("pier")),
      paint: { "line-color": token("--map-paved"), "line-width": byZoom(14, 1.5, 18, 8) },
    },
    ferries: {
      ...line("roads", kindIs("ferry")),
      paint: { "line-color": token("--map-ferry"), "line-width": byZoom(9, 0.8, 16, 1.6), "line-dasharray": [4, 3] },
    },
  };
}

function roads() {
  const round = { "line-cap": "round", "line-join": "round", "line-sort-key": ["get", "rank"] };
  const flat = { ...round, "line-cap": "butt" };
  const open = ["!", ["has", "tunnel"]];
  const ground = ["all", kindIs(...CASED), open, ["!", ["has", "bridge"]]];
  const bridge = ["all", kindIs(...CASED), open, ["has", "bridge"]];
  const surface = tokenByKind("--map-road", [FAST, "--map-road-fast"], [MAJOR, "--map-road-major"]);
  const edge = tokenByKind("--map-road-case", [FAST, "--map-road-fast-case"], [MAJOR, "--map-road-major-case"]);
  const casing = { "line-color": edge, "line-width": widths(1.4), "line-opacity": ["interpolate", ["linear"], ["zoom"], 10.5, 0, 12, 1] };
  // From afar a road is a thin line; in white it would not show on the land.
  const paint = { "line-color": ["step", ["zoom"], edge, 11.5, surface], "line-width": widths(0) };
  return {
    tunnels: {
      ...line("roads", ["all", kindIs(...CASED), ["has", "tunnel"]], flat),
      paint: { "line-color": edge, "line-width": widths(0), "line-opacity": 0.4 },
    },
    cases: { ...line("roads", ground, round), paint: casing },
    roads: { ...line("roads", ground, round), paint },
    paths: {
      ...line("roads", ["all", kindIs("path", "track"), open, ["any", ["!", ["has", "yard"]], [">=", ["zoom"], 16]]]),
      paint: {
        "line-color": token("--map-path"),
        "line-width": byZoom(13, 0.6, 15, 1, 18, 2.4),
        "line-dasharray": [2.5, 1.5],
      },
    },
    "bridge-cases": { ...line("roads", bridge, flat), paint: { ...casing, "line-width": widths(2) } },
    bridges: { ...line("roads", bridge, round), paint },
    rails: { ...rail(), paint: { "line-color": token("--map-rail"), "line-width": byZoom(10, 0.6, 14, 1.2, 18, 2.2) } },
    ties: {
      ...rail(kindIs("rail")),
      minzoom: 14,
      paint: { "line-color": token("--map-rail"), "line-width": byZoom(14, 3, 18, 8), "line-dasharray": [0.3, 3] },
    },
  };
}

/** @param {any} [which] */
function rail(which = kindIs("rail", "tram")) {
  return line("roads", ["all", which, ["!", ["has", "tunnel"]], ["any", ["!", ["has", "yard"]], [">=", ["zoom"], 15]]]);
}

function names() {
  return {
    numbers: {
      ...symbols("numbers", true, { "text-field": ["get", "number"], "text-size": 10, "text-padding": 3 }),
      minzoom: 17,
      paint: { ...halo(token("--map-label-soft")), "text-halo-width": 1 },
    },
    oneways: {
      ...symbols("roads", ["has", "oneway"], { "symbol-placement": "line", "text-field": ["case", ["==", ["get", "oneway"], -1], "←", "→"], "text-size": 12, "symbol-spacing": 120, "text-keep-upright": false, "text-rotation-alignment": "map", "text-padding": 2 }),
      minzoom: 16,
      paint: { "text-color": token("--map-label-soft"), "text-opacity": 0.8 },
    },
    "road-names": {
      ...symbols("roads", roadNamed(), {
        "symbol-placement": "line",
        "text-field": ["coalesce", ["get", "name"], ["get", "ref"]],
        "text-size": ["interpolate", ["linear"], ["zoom"], 12, 10, 15, 11, 18, 13.5],
        "symbol-spacing": 320,
        "text-max-angle": 35,
        "text-letter-spacing": 0.01,
        "symbol-sort-key": ["-", ["get", "rank"]],
      }),
      minzoom: 12,
      paint: halo(token("--map-label-road")),
    },
    "stream-names": {
      ...symbols("water", ["all", ["has", "name"], kindIs("river", "canal", "stream")], { "symbol-placement": "line", "text-field": ["get", "name"], "text-size": 11, "symbol-spacing": 400, "text-letter-spacing": 0.05 }),
      minzoom: 12,
      paint: halo(token("--map-label-water")),
    },
    towns: place(kindIs(...TOWNS), token("--map-label")),
    names: place(
      ["!", kindIs(...TOWNS)],
      ["match", ["get", "kind"], ["village", "island"], token("--map-label"), "water", token("--map-label-water"), "green", token("--map-label-green"), token("--map-label-soft")],
    ),
  };
}

/** @param {any} which @param {any} colour */
function place(which, colour) {
  return {
    ...symbols("names", which, {
      "text-field": ["get", "name"],
      "text-size": ["interpolate", ["linear"], ["zoom"], 11, sizes(10), 16, sizes(12)],
      "text-max-width": 7,
      "text-padding": 4,
      "text-transform": ["match", ["get", "kind"], ["suburb", "quarter"], "uppercase", "none"],
      "text-letter-spacing": ["match", ["get", "kind"], ["suburb", "quarter"], 0.08, 0.01],
      "symbol-sort-key": ["get", "rank"],
    }),
    minzoom: 10.5,
    paint: halo(colour),
  };
}

/** Small streets are named only where there is room for it. */
function roadNamed() {
  const from = [
    "match", ["get", "kind"],
    [...FAST, ...MAJOR], 12,
    "tertiary", 14,
    ["minor", "pedestrian"], 15,
    ["service", "path", "track", "ferry"], 16,
    99,
  ];
  return ["all", ["any", ["has", "name"], ["has", "ref"]], ["<=", from, ["zoom"]]];
}

/** @param {number} base */
const sizes = (base) => ["match", ["get", "kind"], "city", base + 5, "town", base + 3, ["village", "island"], base + 2, ["suburb", "quarter", "hamlet"], base + 0.5, base];

/** @param {number} more px beyond the road itself, at zoom 15 */
function widths(more) {
  const at = (/** @type {number} */ index, /** @type {number} */ extra) => [
    "+",
    ["*", ["match", ["get", "kind"], ...Object.entries(WIDTHS).flatMap(([kind, width]) => [kind, width[index]]), 1], ["case", ["has", "link"], 0.6, 1]],
    extra,
  ];
  return byZoom(9, at(0, more * 0.3), 12, at(1, more * 0.7), 15, at(2, more), 18, at(3, more * 1.6));
}

/** @param {any} colour */
function halo(colour) {
  return { "text-color": colour, "text-halo-color": token("--map-halo"), "text-halo-width": 1.4, "text-halo-blur": 0.4 };
}

/** @param {string} layer @param {any} [filter] */
function fill(layer, filter) {
  const polygons = ["==", ["geometry-type"], "Polygon"];
  return { type: "fill", "source-layer": layer, minzoom: MIN_ZOOM, filter: filter ? ["all", polygons, filter] : polygons };
}

/** @param {string} layer @param {any} [filter] @param {any} [layout] */
function line(layer, filter, layout = { "line-join": "round" }) {
  const lines = ["==", ["geometry-type"], "LineString"];
  return { type: "line", "source-layer": layer, minzoom: MIN_ZOOM, filter: filter ? ["all", lines, filter] : lines, layout };
}

/** @param {string} layer @param {any} filter @param {any} layout */
function symbols(layer, filter, layout) {
  return { type: "symbol", "source-layer": layer, filter, layout: { "text-font": FONT, ...layout } };
}
