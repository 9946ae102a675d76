// @ts-check
/**
 * Maps on our own offline base map. Nothing is loaded from another host: tiles come from
 * /basemap/world.pmtiles by byte range, streets from the region packs (streets.js), and labels are
 * drawn with the page's own font.
 */
import * as maplibregl from "../../vendor/maplibre-gl/maplibre-gl.mjs";
import { PMTiles, Protocol } from "../../vendor/pmtiles/pmtiles.js";
import { el } from "./dom.js";
import { language, t } from "./i18n.js";
import { addStreets, STREETS } from "./streets.js";
import { onThemeChange, token } from "./theme.js";

export { maplibregl };

/** Put your layers below this one, so that names stay readable: map.addLayer(layer, LABELS). */
export const LABELS = "base-places";
const CITIES = "base-cities";
const FILE = `${location.origin}/basemap/world.pmtiles`;
const FONT = "Inter Variable";
const QUIET_MS = 40;
const INDONESIA = /** @type {[number, number]} */ ([117.5, -2.3]);

const protocol = new Protocol({ metadata: true });
maplibregl.addProtocol("pmtiles", protocol.tile);

/**
 * A map that is ready for sources and layers. `interactive: false` makes a still picture of it.
 * Other options go to MapLibre as they are.
 * @param {HTMLElement} container
 * @param {{center?: [number, number], zoom?: number, interactive?: boolean, controls?: boolean, label?: string} & Record<string, any>} [options]
 * @returns {Promise<any>} the MapLibre map
 */
export async function createMap(container, options = {}) {
  const { interactive = true, controls = interactive, label, ...others } = options;
  const [found] = await Promise.all([hasBaseMap(), document.fonts.load(`500 13px "${FONT}"`)]);
  const map = new maplibregl.Map({
    container,
    style: style(found),
    center: INDONESIA,
    zoom: 4.2,
    maxPitch: 0,
    dragRotate: false,
    pitchWithRotate: false,
    attributionControl: false,
    fadeDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200,
    locale: words(),
    interactive,
    ...others,
  });
  map.touchZoomRotate?.disableRotation();
  map.keyboard?.disableRotation();
  addControls(map, controls);
  describe(map, label);
  if (!found) sayMissing(container);
  const unfollow = onThemeChange(() => repaint(map));
  map.once("remove", unfollow);
  // Not "load": that waits until the base map is drawn, and what is put on it would come after it.
  await new Promise((resolve) => map.once("style.load", resolve));
  addStreets(map, { labels: [LABELS, CITIES], above: "base-countries", borders: [0, 1, 2].map((level) => `base-border-${level}`) });
  return map;
}

/**
 * A marker that CSS can style. @param {any} map @param {[number, number]} lonLat @param {HTMLElement} [element]
 */
export function addMarker(map, lonLat, element) {
  const marker = new maplibregl.Marker(element ? { element } : { color: token("--accent") });
  return marker.setLngLat(lonLat).addTo(map);
}

/**
 * A popup with nodes, never with markup. Escape closes it, and the keyboard is back on the map.
 * @param {any} map @param {[number, number]} lonLat @param {Node} content @param {Record<string, any>} [options]
 */
export function openPopup(map, lonLat, content, options = {}) {
  const popup = new maplibregl.Popup({ offset: 10, maxWidth: "300px", ...options })
    .setLngLat(lonLat)
    .setDOMContent(content)
    .addTo(map);
  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    // What opens by itself under the pointer must not take the key from what one meant to close.
    if (options.focusAfterOpen !== false) event.stopPropagation();
    const within = popup.getElement()?.contains(document.activeElement);
    popup.remove();
    if (within) map.getCanvas().focus();
  };
  document.addEventListener("keydown", escape, { capture: true });
  popup.once("close", () => document.removeEventListener("keydown", escape, { capture: true }));
  return popup;
}

/**
 * Move to a box or a point; without animation when the person wants less motion.
 * @param {any} map @param {[number, number, number, number]} box west, south, east, north @param {Record<string, any>} [options]
 */
export function fit(map, box, options = {}) {
  const [west, south, east, north] = box;
  map.fitBounds([[west, south], [east, north]], { padding: 40, maxZoom: 14, duration: 600, ...options });
}

/** Addresses of tiles that wait for those underway. @type {WeakMap<any, string>} */
const waiting = new WeakMap();

/**
 * Take a source's tiles from another address, or anew from the same. MapLibre's setTiles loses the
 * change when a layer was restyled in the same frame, or while a tile is underway, which it then
 * never asks for again: so the change waits for a frame that is drawn and for all tiles.
 * @param {any} map @param {string} id of a source of vector tiles @param {string} [address]
 */
export function retile(map, id, address) {
  const source = map.getSource(id);
  const asked = waiting.has(source);
  waiting.set(source, address ?? waiting.get(source) ?? source.tiles[0]);
  if (!asked) waitForFrame();

  function waitForFrame() {
    map.once("render", () => {
      if (!map.isSourceLoaded(id)) return void setTimeout(waitForFrame, QUIET_MS);
      source.tiles = [waiting.get(source)];
      waiting.delete(source);
      map.refreshTiles(id);
    });
    map.triggerRepaint();
  }
}

/** @returns {Promise<boolean>} */
async function hasBaseMap() {
  try {
    const archive = new PMTiles(FILE);
    await archive.getHeader();
    protocol.add(archive);
    return true;
  } catch {
    return false;
  }
}

/** @param {boolean} found */
function style(found) {
  if (!found) {
    const land = { id: "base-land", type: "background", paint: { "background-color": token("--map-land") } };
    const labels = { id: LABELS, type: "background", layout: { visibility: "none" } };
    return { version: 8, sources: {}, layers: [land, streets(), labels] };
  }
  return {
    version: 8,
    sources: { base: { type: "vector", url: `pmtiles://${FILE}` } },
    layers: [
      { id: "base-water", type: "background", paint: { "background-color": token("--map-water") } },
      { id: "base-land", type: "fill", source: "base", "source-layer": "land", paint: { "fill-color": token("--map-land"), "fill-antialias": true } },
      { id: "base-coast", type: "line", source: "base", "source-layer": "land", minzoom: 3, paint: { "line-color": token("--map-border-1"), "line-width": 0.6 } },
      streets(),
      border(2, 6, 0.6),
      border(1, 3.5, 0.8),
      border(0, 0, 1.1),
      ...labels(),
    ],
  };
}

/** Nothing by itself: what comes from region packs is put below it. */
function streets() {
  return { id: STREETS, type: "background", layout: { visibility: "none" } };
}

/** @param {0 | 1 | 2} level @param {number} minzoom @param {number} width */
function border(level, minzoom, width) {
  return {
    id: `base-border-${level}`,
    type: "line",
    source: "base",
    "source-layer": "borders",
    minzoom,
    filter: ["==", ["to-number", ["get", "level"]], level],
    layout: { "line-join": "round" },
    paint: {
      "line-color": token(`--map-border-${level}`),
      "line-width": ["interpolate", ["linear"], ["zoom"], 2, width * 0.6, 10, width * 1.8],
      ...(level === 1 ? { "line-dasharray": [4, 2] } : {}),
    },
  };
}

/**
 * Names, the weakest first: the last layer gets its room first. `kind` is country, province or
 * city; `rank` 0 is drawn first.
 */
function labels() {
  const population = ["to-number", ["get", "population"], 0];
  // Most villages have no figure; they show when one looks at their neighbourhood.
  const known = ["any", ["has", "population"], [">=", ["zoom"], 10]];
  return [
    label(LABELS, "province", {
      minzoom: 5,
      size: ["interpolate", ["linear"], ["zoom"], 5, 10, 9, 13],
      colour: "--map-label-soft",
      layout: { "text-letter-spacing": 0.06, "symbol-sort-key": ["get", "rank"] },
    }),
    label(CITIES, "city", {
      filter: known,
      size: [
        "interpolate", ["linear"], ["zoom"],
        3, ["interpolate", ["linear"], population, 100_000, 10, 5_000_000, 12.5],
        9, ["interpolate", ["linear"], population, 1_000, 10.5, 100_000, 13, 2_000_000, 17],
      ],
      colour: "--map-label",
      layout: { "symbol-sort-key": ["-", ["*", ["get", "rank"], 100_000_000], population] },
    }),
    label("base-countries", "country", {
      maxzoom: 7,
      size: ["interpolate", ["linear"], ["zoom"], 1, 9.5, 6, 15],
      colour: "--map-label-soft",
      layout: {
        "text-transform": "uppercase",
        "text-letter-spacing": 0.14,
        "symbol-sort-key": ["get", "rank"],
      },
    }),
  ];
}

/**
 * @param {string} id
 * @param {string} kind
 * @param {{minzoom?: number, maxzoom?: number, filter?: any[], size: any[], colour: string, layout: Record<string, any>}} look
 */
function label(id, kind, { minzoom = 0, maxzoom = 24, filter, size, colour, layout }) {
  const ours = ["==", ["get", "kind"], kind];
  const name = ["get", "name"];
  return {
    id,
    type: "symbol",
    source: "base",
    "source-layer": "places",
    minzoom,
    maxzoom,
    filter: filter ? ["all", ours, filter] : ours,
    layout: {
      "text-field": language === "id" ? ["coalesce", ["get", "name_id"], name] : name,
      "text-font": [FONT],
      "text-size": size,
      "text-max-width": 7,
      "text-padding": 4,
      ...layout,
    },
    paint: {
      "text-color": token(colour),
      "text-halo-color": token("--map-halo"),
      "text-halo-width": 1.4,
      "text-halo-blur": 0.4,
    },
  };
}

/** New colours for our own layers; those of the page stay as they are. @param {any} map */
function repaint(map) {
  const paint = (/** @type {string} */ layer, /** @type {string} */ property, /** @type {string} */ name) => {
    if (map.getLayer(layer)) map.setPaintProperty(layer, property, token(name));
  };
  const plain = map.getLayer("base-land")?.type === "background";
  paint("base-water", "background-color", "--map-water");
  paint("base-land", plain ? "background-color" : "fill-color", "--map-land");
  paint("base-coast", "line-color", "--map-border-1");
  for (const level of [0, 1, 2]) paint(`base-border-${level}`, "line-color", `--map-border-${level}`);
  if (plain) return;
  paint(LABELS, "text-color", "--map-label-soft");
  paint(CITIES, "text-color", "--map-label");
  paint("base-countries", "text-color", "--map-label-soft");
  for (const layer of [LABELS, CITIES, "base-countries"]) paint(layer, "text-halo-color", "--map-halo");
}

/** @param {any} map @param {boolean} controls */
function addControls(map, controls) {
  const compact = map.getContainer().clientWidth < 640;
  map.addControl(new maplibregl.AttributionControl({ compact }), "bottom-right");
  if (compact) keepFolded(map);
  if (!controls) return;
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 96, unit: "metric" }), "bottom-left");
}

/**
 * MapLibre opens a compact attribution as soon as there is one; on a small map it would hide what it
 * belongs to. Folded in the same event, it is never seen open by itself.
 * @param {any} map
 */
function keepFolded(map) {
  const fold = () => {
    const box = map.getContainer().querySelector(".maplibregl-ctrl-attrib.maplibregl-compact-show");
    if (!box) return;
    box.removeAttribute("open");
    box.classList.remove("maplibregl-compact-show");
    for (const event of ["styledata", "sourcedata"]) map.off(event, fold);
  };
  for (const event of ["styledata", "sourcedata"]) map.on(event, fold);
}

/** @param {any} map @param {string} [label] */
function describe(map, label) {
  map.getCanvas().setAttribute("aria-label", label ?? t("Map. Arrow keys move it, plus and minus zoom."));
}

/** @param {HTMLElement} container */
function sayMissing(container) {
  const text = t("The base map has not been built yet; customers and borders are drawn without it.");
  container.append(el("div", { class: "map-message", role: "status" }, text));
}

function words() {
  return {
    "AttributionControl.ToggleAttribution": t("Sources of the map"),
    "Map.Title": t("Map"),
    "NavigationControl.ZoomIn": t("Zoom in"),
    "NavigationControl.ZoomOut": t("Zoom out"),
    "Popup.Close": t("Close"),
  };
}
