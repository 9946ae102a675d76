// @ts-check
/** The map of a review: the numbered places on offer with how far off each may be, and the pin. */
import { addMarker, createMap, fit, LABELS } from "../lib/basemap.js";
import { el } from "../lib/dom.js";
import { boxAroundAll, circle, distanceM } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";

const CIRCLES = "review-circles";
const LINES = "review-lines";
const MAX_ZOOM = 16;
// What stands for more than a town: drawn as an outline, and not gone near to.
const COARSE = ["regency", "region", "country"];
const WIDE = ["region", "country"];
const COARSE_MAX_ZOOM = 10;
const INDONESIA = /** @type {[number, number, number, number]} */ ([94.5, -11.2, 141.2, 6.3]);

/**
 * @param {HTMLElement} container
 * @param {{onFocus: (number: number) => void, onPin: (lonLat: [number, number] | null, movedM: number | null) => void, mayPlace: boolean}} events
 */
export async function createReviewMap(container, events) {
  const map = await createMap(container, {
    label: t("Map of the places on offer. A click puts the pin there; arrow keys move the map."),
    maxZoom: 19,
  });
  /** @type {any[]} */
  let markers = [];
  /** @type {any} */
  let pin = null;
  /** @type {any} */
  let shown = null;
  addLayers(map);

  if (events.mayPlace) {
    map.on("click", (/** @type {any} */ event) => shown && putPin([event.lngLat.lng, event.lngLat.lat]));
  }

  /** @param {[number, number]} lonLat */
  function putPin(lonLat) {
    pin?.setLngLat(lonLat);
    tell();
  }

  function tell() {
    const { lng, lat } = pin.getLngLat();
    const here = shown.candidates.find((/** @type {any} */ one) => one.present);
    events.onPin([lng, lat], here ? distanceM([lng, lat], [here.lon, here.lat]) : null);
  }

  /** A teardrop stands above the round numbers, so that both are seen. */
  function startPin() {
    pin?.remove();
    pin = null;
    if (!events.mayPlace) return;
    const here = shown.candidates.find((/** @type {any} */ one) => one.present) ?? shown.candidates[0];
    const start = here ? [here.lon, here.lat] : map.getCenter().toArray();
    pin = addMarker(map, /** @type {[number, number]} */ (start)).setDraggable(true);
    pin.getElement().setAttribute("aria-label", t("Pin: drag it to where the customer is"));
    pin.getElement().classList.add("review-drag");
    pin.on("drag", tell);
  }

  return {
    map,
    /** @param {any} item a case, or null @param {{look?: boolean}} [options] */
    show(item, { look = true } = {}) {
      shown = item;
      for (const marker of markers) marker.remove();
      markers = [];
      pin?.remove();
      pin = null;
      events.onPin(null, null);
      map.getSource(CIRCLES).setData(circles(item?.candidates ?? []));
      if (!item) return;
      markers = item.candidates.map((/** @type {any} */ one) => numbered(map, one, events));
      if (look) lookAt(map, item.candidates);
      startPin();
    },
    /** @param {number | null} number */
    focus(number) {
      const chosen = ["==", ["get", "number"], number ?? 0];
      map.setPaintProperty(CIRCLES, "fill-opacity", ["case", ["get", "coarse"], 0.03, chosen, 0.22, 0.08]);
      map.setPaintProperty(LINES, "line-width", ["case", chosen, 2.5, 1]);
      for (const marker of markers) {
        const button = marker.getElement();
        button.classList.toggle("is-focused", Number(button.dataset.number) === number);
      }
    },
    resetPin() {
      events.onPin(null, null);
      if (shown) startPin();
    },
  };
}

/** @param {any} map */
function addLayers(map) {
  const below = map.getLayer(LABELS) ? LABELS : undefined;
  map.addSource(CIRCLES, { type: "geojson", data: circles([]) });
  map.addLayer({ id: CIRCLES, type: "fill", source: CIRCLES, paint: { "fill-opacity": 0.08 } }, below);
  map.addLayer({ id: LINES, type: "line", source: CIRCLES, paint: { "line-width": 1, "line-opacity": 0.7, "line-dasharray": [3, 2] } }, below);
  const paint = () => {
    map.setPaintProperty(CIRCLES, "fill-color", token("--accent"));
    map.setPaintProperty(LINES, "line-color", token("--accent"));
  };
  paint();
  map.once("remove", onThemeChange(paint));
}

/** @param {any[]} candidates */
function circles(candidates) {
  const features = candidates
    .filter((one) => one.radius_m)
    .map((one) => ({
      ...circle([one.lon, one.lat], one.radius_m),
      properties: { number: one.number, coarse: COARSE.includes(one.grade) },
    }));
  return { type: "FeatureCollection", features };
}

/** @param {any} map @param {any} one @param {{onFocus: (number: number) => void}} events */
function numbered(map, one, events) {
  const button = el("button", {
    class: one.present ? "review-number is-present" : "review-number",
    type: "button",
    "data-number": one.number,
    "aria-label": t("Candidate {number}: {label}", { number: one.number, label: one.label ?? "" }),
    onclick: (/** @type {Event} */ event) => {
      event.stopPropagation();
      events.onFocus(one.number);
    },
    onmouseenter: () => events.onFocus(one.number),
  }, String(one.number));
  return addMarker(map, [one.lon, one.lat], button);
}

/**
 * All places on offer; one that stands for a province or a country counts as a point, as its circle
 * would leave nothing to see of the others.
 * @param {any} map @param {any[]} candidates
 */
function lookAt(map, candidates) {
  const alone = candidates.length === 1;
  const places = candidates.map((one) => (alone || !WIDE.includes(one.grade) ? one : { lon: one.lon, lat: one.lat }));
  if (!places.length) fit(map, INDONESIA, { duration: 0 });
  else {
    const coarse = candidates.some((one) => COARSE.includes(one.grade));
    fit(map, boxAroundAll(places), { duration: 0, padding: 56, maxZoom: coarse ? COARSE_MAX_ZOOM : MAX_ZOOM });
  }
}
