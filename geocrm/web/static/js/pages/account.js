// @ts-check
/** A customer's record: the mini map with the circle it may be off by, and placing it by hand. */
import { deleteJson, putJson } from "../lib/api.js";
import { LABELS, createMap, fit, addMarker } from "../lib/basemap.js";
import { t } from "../lib/i18n.js";
import { token } from "../lib/theme.js";

const EARTH_RADIUS_M = 6_371_008.8;
const place = /** @type {HTMLElement} */ (document.getElementById("mini-map"));
const account = place.dataset.account;
const known = place.dataset.lon !== undefined;
const lonLat = /** @type {[number, number]} */ ([Number(place.dataset.lon), Number(place.dataset.lat)]);

/** A circle on the ground as a polygon. @param {[number, number]} centre @param {number} radiusM */
function circle([lon, lat], radiusM) {
  const ring = Array.from({ length: 65 }, (_, i) => {
    const angle = (i / 64) * 2 * Math.PI;
    const dLat = ((radiusM * Math.sin(angle)) / EARTH_RADIUS_M) * (180 / Math.PI);
    const dLon = ((radiusM * Math.cos(angle)) / (EARTH_RADIUS_M * Math.cos((lat * Math.PI) / 180))) * (180 / Math.PI);
    return [lon + dLon, lat + dLat];
  });
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
}

const map = await createMap(place, {
  label: t("Where the customer is"),
  ...(known ? { center: lonLat, zoom: 13 } : {}),
});
let marker = known ? addMarker(map, lonLat) : null;
const radiusM = Number(place.dataset.radius ?? 0);
if (known && radiusM > 0) {
  const area = circle(lonLat, radiusM);
  map.addSource("accuracy", { type: "geojson", data: area });
  map.addLayer({ id: "accuracy", type: "fill", source: "accuracy", paint: { "fill-color": token("--accent"), "fill-opacity": 0.16 } }, LABELS);
  const xs = area.geometry.coordinates[0].map(([x]) => x);
  const ys = area.geometry.coordinates[0].map(([, y]) => y);
  fit(map, [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], { padding: 24, maxZoom: 15, animate: false });
}

const tools = document.getElementById("pin-tools");

/** @param {boolean} placing */
function show(placing) {
  for (const button of tools?.querySelectorAll("[data-pin]") ?? []) {
    const role = /** @type {HTMLElement} */ (button).dataset.pin;
    /** @type {HTMLElement} */ (button).hidden = placing !== (role === "save" || role === "cancel");
  }
}

tools?.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-pin]");
  const role = /** @type {HTMLElement | null} */ (button)?.dataset.pin;
  if (role === "start") {
    if (!marker) {
      const { lng, lat } = map.getCenter();
      marker = addMarker(map, [lng, lat]);
    }
    marker.setDraggable(true);
    map.on("click", follow);
    show(true);
  } else if (role === "save" && marker) {
    const { lng, lat } = marker.getLngLat();
    await putJson(`/api/v1/accounts/${account}/pin`, { lon: lng, lat });
    location.reload();
  } else if (role === "forget") {
    await deleteJson(`/api/v1/accounts/${account}/pin`);
    location.reload();
  } else if (role === "cancel") {
    location.reload();
  }
});

/** @param {{lngLat: any}} event */
function follow(event) {
  marker?.setLngLat(event.lngLat);
}

// An entry sent twice, by a second click or on a bad line, is there once.
const once = /** @type {HTMLInputElement | null} */ (document.querySelector('#log [name="client_id"]'));
if (once) once.value = crypto.randomUUID?.() ?? "";
