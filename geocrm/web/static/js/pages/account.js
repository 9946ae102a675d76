// @ts-check
/** A customer's record: the mini map with what lies around, and placing the customer by hand. */
import { deleteJson, putJson } from "../lib/api.js";
import { LABELS, createMap, fit, addMarker } from "../lib/basemap.js";
import { boxAround, circle } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { token } from "../lib/theme.js";
import { bindDocuments } from "./account_documents.js";
import { showSurroundings } from "./account_surroundings.js";
import { bindTimeline } from "./account_timeline.js";
import { showTwins } from "./account_twins.js";

bindTimeline();
bindDocuments();
void showTwins();

const place = /** @type {HTMLElement} */ (document.getElementById("mini-map"));
const account = place.dataset.account;
const known = place.dataset.lon !== undefined;
const lonLat = /** @type {[number, number]} */ ([Number(place.dataset.lon), Number(place.dataset.lat)]);

const map = await createMap(place, {
  label: t("Where the customer is"),
  ...(known ? { center: lonLat, zoom: 13 } : {}),
});
let marker = known ? addMarker(map, lonLat) : null;
const radiusM = Number(place.dataset.radius ?? 0);
if (known && radiusM > 0) {
  map.addSource("accuracy", { type: "geojson", data: circle(lonLat, radiusM) });
  map.addLayer({ id: "accuracy", type: "fill", source: "accuracy", paint: { "fill-color": token("--accent"), "fill-opacity": 0.16 } }, LABELS);
  fit(map, boxAround(lonLat, radiusM), { padding: 24, maxZoom: 16, animate: false });
}

if (known) showSurroundings(map, String(account), lonLat);

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
