// @ts-check
/** Sources and layers of the map page: customers, borders, what is pointed at and what is chosen. */
import { LABELS, retile } from "../lib/basemap.js";
import { circle } from "../lib/ground.js";
import { language, locale } from "../lib/i18n.js";
import { UNASSIGNED_COLOUR } from "../lib/palette.js";
import { onThemeChange, token } from "../lib/theme.js";
import { colourBy, drawPicture, pictureExpression, pointColour, PROPERTIES, segmentColours, territoryColours } from "./map_colours.js";
import { bindGround } from "./map_ground.js";
import { fetchGroups, groupColours, groupWords, ordered } from "./map_groups.js";
import { createHeat } from "./map_heat.js";
import { createHexagons, DIMMED } from "./map_hexagons.js";
import { createRegions, fetchRegions, forgetRegions, nameOf, regionCodes } from "./map_regions.js";
import { textOf } from "./map_tree.js";

const FONT = ["Inter Variable"];
const EMPTY = /** @type {const} */ ({ type: "FeatureCollection", features: [] });
export const CUSTOMER_LAYERS = ["clusters", "points"];
/** How a point is drawn by its grade, which tiles tell from zoom 12 on: filled, half, or hollow. */
const HALF = ["street", "postcode"];
const HOLLOW = ["village", "district", "regency", "region", "country"];
/** px around a number that keep others away, so that two never run into each other. */
const NUMBER_PADDING = 3;

/**
 * @typedef {object} LayerState what of the view's state the layers read
 * @property {any} filter a tree of the filter language, or null
 * @property {"points" | "heat" | "hexagons" | "regions"} layer
 * @property {keyof typeof PROPERTIES} colour of points
 * @property {"count" | "revenue"} size of clusters, and what heat weighs
 * @property {"count" | "revenue" | "average" | "share"} measure of hexagons and regions
 * @property {string} share the segment whose share is measured
 * @property {string} regions a boundary level, or "territories"
 * @property {"quantile" | "natural" | "equal"} classes
 * @property {string[]} focus values of the legend; all others are dimmed
 * @property {string[]} borders
 */

/**
 * Everything that is drawn of customers. `onFigures` gets the rows of the legend whenever they
 * change; `onFocus` the values in focus when somebody clicks a region.
 * @param {any} map
 * @param {{individuals: boolean, segments: string[], layers: any[], territories: Array<{id: number, name: string, colour: number}>}} page
 * @param {{onFigures?: (state: LayerState, figures: any) => void, onFocus?: (focus: string[]) => void}} [listeners]
 */
export function createLayers(map, page, { onFigures = () => {}, onFocus = () => {} } = {}) {
  const colours = { segments: segmentColours(page.segments), territories: territoryColours(page.territories) };
  /** @type {LayerState} */
  let state = { filter: null, layer: "points", colour: "segment", size: "count", measure: "count", share: page.segments[0], regions: "", classes: "quantile", focus: [], borders: [] };
  let shown = tileAddress(null, state.colour);
  /** The groups that were asked for last. @type {{key: string, groups: Promise<any[]>} | null} */
  let grouped = null;
  /** Revenue of a customer on average, once it is known. @type {number | null} */
  let average = null;
  map.setMissingStyleImageResolver((/** @type {string} */ name) => drawPicture(map, name, colours));
  map.addSource("customers", { type: "vector", tiles: [shown], maxzoom: 18 });
  map.addSource("pointed", { type: "geojson", data: EMPTY });
  map.addSource("chosen", { type: "geojson", data: EMPTY });
  map.addLayer(reach("chosen", "fill"), LABELS);
  map.addLayer(reach("pointed", "fill"), LABELS);
  map.addLayer(reach("chosen", "line"), LABELS);
  map.addLayer(pointLayer());
  map.addLayer(nameLayer());
  map.addLayer(ring("chosen-ring", "chosen", 3));
  map.addLayer(clusterLayer());
  map.addLayer(numberLayer());
  map.addLayer(ring("pointed-ring", "pointed", 2));
  const hexagons = createHexagons(map, page, onFigures);
  const regions = createRegions(map, page, onFigures);
  const heat = createHeat(map, page);
  bindGround(map, { regions, segments: page.segments, colours: colours.segments, state: () => state, onFocus });
  paint();
  map.once("remove", onThemeChange(() => {
    paint();
    // Spans and grades have other colours on dark ground.
    if (state.layer === "points" || state.layer === "heat") score(state);
  }));

  function paint() {
    paintCustomers(map, state, { colours, segments: page.segments, average });
    for (const layer of ["chosen-ring", "pointed-ring"]) map.setPaintProperty(layer, "circle-stroke-color", token("--accent"));
    for (const layer of ["chosen-fill", "pointed-fill"]) map.setPaintProperty(layer, "fill-color", token("--accent"));
    map.setPaintProperty("chosen-line", "line-color", token("--accent"));
    heat.show(state.layer === "heat" ? state : null);
  }

  /** The rows of the legend of points; they also tell what a customer's revenue is on average. */
  async function score(/** @type {LayerState} */ wanted) {
    const what = colourBy(wanted);
    const found = await (what === "segment" || what === "territory" ? regionRows(what, wanted) : groupRows(what, wanted)).catch(() => null);
    if (state !== wanted) return;
    if (!found) return onFigures(state, { kind: "lost", what });
    const total = found.rows.reduce((/** @type {any} */ sum, /** @type {any} */ one) => ({ count: sum.count + one.count, revenue: sum.revenue + one.revenue }), { count: 0, revenue: 0 });
    const before = average;
    average = total.count && total.revenue ? total.revenue / total.count : null;
    if (before !== average && (state.size === "revenue")) paint();
    onFigures(state, { kind: "rows", what, ...found });
  }

  async function regionRows(/** @type {"segment" | "territory"} */ what, /** @type {LayerState} */ wanted) {
    const found = await fetchRegions(what === "territory" ? "territories" : "segments", wanted);
    const colourOf = (/** @type {any} */ code) => (what === "territory" ? colours.territories.get(code) : colours.segments.get(code)) ?? UNASSIGNED_COLOUR;
    const rows = found.items.map((/** @type {any} */ one) => ({ ...one, key: String(one.code ?? "none"), label: nameOf(one), colour: colourOf(one.code) }));
    return { rows, rounded: found.rounded };
  }

  async function groupRows(/** @type {string} */ what, /** @type {LayerState} */ wanted) {
    const key = what + textOf(wanted.filter);
    if (grouped?.key !== key) grouped = { key, groups: fetchGroups(what, textOf(wanted.filter)) };
    // What failed is asked for again the next time.
    const found = await grouped.groups.catch((error) => {
      grouped = null;
      throw error;
    });
    const groups = ordered(what, found, page);
    const colourOf = groupColours(what, page);
    const value = (/** @type {any} */ one) => ({ revenue: one.revenue, average: one.revenue / one.count })[/** @type {string} */ (wanted.measure)] ?? one.count;
    const rows = groups.map((one) => ({ ...one, key: String(one.value ?? "none"), label: groupWords(what, one), colour: colourOf(one), average: (one.revenue ?? 0) / one.count, value: value(one) }));
    return { rows, rounded: false };
  }

  return {
    colours,
    /** Draw what the state says. @param {Partial<LayerState>} next */
    show(next) {
      state = { ...state, ...next };
      if (!regionCodes(page).includes(state.regions)) state.regions = regionCodes(page)[0] ?? "";
      const address = tileAddress(state.filter, state.colour);
      if (address !== shown) retile(map, "customers", address);
      shown = address;
      const visible = (/** @type {string[]} */ layers, /** @type {boolean} */ on) => layers.forEach((id) => map.setLayoutProperty(id, "visibility", on ? "visible" : "none"));
      visible(["points", "names", "clusters", "numbers"], state.layer === "points");
      paint();
      hexagons.show(state.layer === "hexagons" ? state : null);
      if (state.layer === "points" || state.layer === "heat") score(state);
      showBorders(map, state.borders, page.layers);
      return regions.show(state.layer === "regions" && state.regions ? state : null);
    },
    /** After customers were changed on this page: draw and count them anew. */
    refresh() {
      forgetRegions();
      grouped = null;
      hexagons.forget();
      // The browser asks whether its tiles still hold.
      for (const id of ["customers", "hexagons", "heat"]) {
        if (map.getSource(id)) retile(map, id);
      }
      return this.show({});
    },
    /** @param {[number, number] | null} lonLat @param {number | null} [radiusM] by which the point may be off */
    point: (lonLat, radiusM) => map.getSource("pointed").setData(at(lonLat, radiusM)),
    /** @param {[number, number] | null} lonLat @param {number | null} [radiusM] */
    choose: (lonLat, radiusM) => map.getSource("chosen").setData(at(lonLat, radiusM)),
  };
}

/**
 * Points and clusters in the colours of the state; what is out of focus is dimmed.
 * @param {any} map @param {LayerState} state
 * @param {{colours: {segments: Map<string, string>, territories: Map<number, string>}, segments: string[], average: number | null}} look
 */
function paintCustomers(map, state, { colours, segments, average }) {
  const mode = state.colour;
  const point = pointColour(mode, colours);
  const lit = inFocus(mode, state.focus, segments);
  map.setPaintProperty("points", "circle-color", byGrade(point, point, token("--surface")));
  map.setPaintProperty("points", "circle-stroke-color", byGrade(token("--surface"), point, point));
  map.setPaintProperty("points", "circle-opacity", ["case", lit.point, byGrade(1, 0.35, 1), DIMMED]);
  map.setPaintProperty("points", "circle-stroke-opacity", ["case", lit.point, 1, DIMMED]);
  map.setPaintProperty("names", "text-opacity", ["case", lit.point, 1, DIMMED * 2]);
  map.setPaintProperty("names", "text-color", token("--map-label"));
  map.setPaintProperty("names", "text-halo-color", token("--map-halo"));
  const look = { focus: mode === "segment" ? state.focus : [], average: state.size === "revenue" ? average : null };
  map.setLayoutProperty("clusters", "icon-image", pictureExpression(mode, segments, look));
  map.setPaintProperty("clusters", "icon-opacity", ["case", lit.cluster, 1, DIMMED * 2]);
  map.setPaintProperty("numbers", "text-opacity", ["case", lit.cluster, 1, DIMMED * 2]);
  map.setPaintProperty("numbers", "text-color", token("--ink"));
  map.setPaintProperty("numbers", "text-halo-color", token("--surface"));
}

/**
 * Whether a point, and whether a cluster is in focus. A cluster is when anybody of a segment in it
 * is; of all else its tile tells what most of its customers have.
 * @param {keyof typeof PROPERTIES} mode @param {string[]} focus @param {string[]} segments
 */
function inFocus(mode, focus, segments) {
  if (!focus.length) return { point: true, cluster: true };
  if (mode !== "segment") {
    const lit = ["in", ["to-string", ["coalesce", ["get", PROPERTIES[mode]], "none"]], ["literal", focus]];
    return { point: lit, cluster: lit };
  }
  const own = ["coalesce", ["get", "segment"], "none"];
  const point = ["in", ["case", ["in", own, ["literal", segments]], own, "none"], ["literal", focus]];
  const parts = focus.map((name) => ["has", `seg_${name === "none" ? "other" : name}`]);
  return { point, cluster: ["any", ...parts] };
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

/** @param {any} filter @param {string} colour */
function tileAddress(filter, colour) {
  const query = new URLSearchParams();
  if (filter) query.set("filter", JSON.stringify(filter));
  // Segment and territory are told in any case.
  if (colour !== "segment" && colour !== "territory") query.set("colour", colour);
  return `${location.origin}/tiles/accounts/{z}/{x}/{y}.mvt${query.size ? `?${query}` : ""}`;
}

/** A point with the ground it may lie on. @param {[number, number] | null} lonLat @param {number | null} [radiusM] */
function at(lonLat, radiusM) {
  if (!lonLat) return EMPTY;
  const point = { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: lonLat } };
  return { type: "FeatureCollection", features: radiusM ? [point, circle(lonLat, radiusM)] : [point] };
}

/** @param {any} full @param {any} half @param {any} hollow */
function byGrade(full, half, hollow) {
  return ["match", ["coalesce", ["get", "grade"], ""], HALF, half, HOLLOW, hollow, full];
}

function pointLayer() {
  return {
    id: "points",
    type: "circle",
    source: "customers",
    "source-layer": "accounts",
    filter: ["has", "id"],
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 3, 4, 9, 5.5, 14, byGrade(8, 7, 6.5)],
      "circle-color": "#000",
      "circle-opacity": byGrade(1, 0.35, 1),
      "circle-stroke-width": byGrade(1.5, 2, 2.5),
      "circle-stroke-color": "#fff",
    },
  };
}

/** The ground on which a customer may be, in true size. @param {string} source @param {"fill" | "line"} type */
function reach(source, type) {
  const paint = type === "fill" ? { "fill-color": "#000", "fill-opacity": 0.12 } : { "line-color": "#000", "line-width": 1, "line-dasharray": [3, 2] };
  return { id: `${source}-${type}`, type, source, filter: ["==", ["geometry-type"], "Polygon"], paint };
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
      "symbol-sort-key": ["get", "point_count"],
    },
  };
}

/**
 * How many are in a cluster. A layer of its own: MapLibre draws all texts of a layer above all its
 * pictures, so a number would lie on the larger cluster that covers its own. There it is left out.
 */
function numberLayer() {
  return {
    id: "numbers",
    type: "symbol",
    source: "customers",
    "source-layer": "accounts",
    filter: ["has", "point_count"],
    layout: {
      "text-field": ["number-format", ["get", "point_count"], { locale, notation: "compact", "max-fraction-digits": 1 }],
      "text-font": FONT,
      "text-size": ["step", ["get", "point_count"], 11, 250, 11.5, 5000, 12],
      "text-padding": NUMBER_PADDING,
      "symbol-sort-key": ["-", ["get", "point_count"]],
    },
    paint: { "text-color": "#000", "text-halo-color": "#fff", "text-halo-width": 1.5 },
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
    filter: ["==", ["geometry-type"], "Point"],
    paint: { "circle-radius": 12, "circle-color": "transparent", "circle-stroke-width": width, "circle-stroke-color": "#000" },
  };
}
