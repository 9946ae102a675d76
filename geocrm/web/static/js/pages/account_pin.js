// @ts-check
/**
 * The pin of a new customer: put where the map is clicked, where the phone is, or where the page's
 * address says. What lies there fills the parts of the address that nobody has written.
 */
import { getJson } from "../lib/api.js";
import { addMarker, createMap, fit } from "../lib/basemap.js";
import { formatDistance } from "../lib/format.js";
import { boxAround } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { PARTS, setField } from "../lib/place_suggest.js";

const PIN_ZOOM = 16;
const NEAR_ZOOM = 6; // farther out the map looks at nothing in particular
// A house or street farther away is somebody else's.
const SAME_HOUSE_M = 25;
const SAME_STREET_M = 250;

/** @typedef {[number, number]} LonLat */

/** @param {HTMLElement} container of the map @param {HTMLFormElement} form */
export function bindPin(container, form) {
  const pin = new Pin(container, form);
  document.getElementById("place-tools")?.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-place]") : null;
    const does = /** @type {HTMLElement | null} */ (button)?.dataset.place;
    if (does === "here") pin.here();
    else if (does === "put") pin.putInTheMiddle();
    else if (does === "away") pin.takeAway();
  });
  return pin;
}

class Pin {
  /** @param {HTMLElement} container @param {HTMLFormElement} form */
  constructor(container, form) {
    this.form = form;
    this.words = /** @type {HTMLElement} */ (document.getElementById("place-words"));
    this.without = this.words.textContent ?? "";
    this.marker = /** @type {any} */ (null);
    this.map = /** @type {any} */ (null);
    this.abort = new AbortController();
    /** What was filled in from the map, so that a pin that moves on may replace it. @type {Map<string, string>} */
    this.filled = new Map();
    this.start(container);
  }

  /** @param {HTMLElement} container */
  async start(container) {
    const at = this.given();
    const label = t("Where the new customer is. Arrow keys move the map; a click puts the pin.");
    this.map = await createMap(container, { label, maxZoom: 19, ...(at ? { center: at, zoom: PIN_ZOOM } : {}) });
    this.map.on("click", (/** @type {any} */ event) => this.put([event.lngLat.lng, event.lngLat.lat]));
    if (at) this.put(at);
  }

  /** The place in the hidden fields. @returns {LonLat | null} */
  given() {
    const data = new FormData(this.form);
    const [lon, lat] = [String(data.get("lon") ?? ""), String(data.get("lat") ?? "")];
    return lon && lat ? [Number(lon), Number(lat)] : null;
  }

  /** Where the map looks, for suggestions near by. */
  view() {
    if (!this.map || this.map.getZoom() < NEAR_ZOOM) return null;
    const { lng, lat } = this.map.getCenter().wrap();
    return { lon: lng, lat, zoom: this.map.getZoom() };
  }

  /** Show a place that was chosen elsewhere; a pin stays where a person put it. @param {{lon: number, lat: number, zoom: number}} place */
  look(place) {
    if (!this.marker) this.map?.flyTo({ center: [place.lon, place.lat], zoom: place.zoom });
  }

  putInTheMiddle() {
    if (!this.map) return;
    const { lng, lat } = this.map.getCenter();
    this.put([lng, lat]);
    this.map.getCanvas().focus();
  }

  /** @param {LonLat} lonLat */
  put([lon, lat]) {
    const at = /** @type {LonLat} */ ([((((lon + 180) % 360) + 360) % 360) - 180, lat]);
    if (!this.marker) {
      this.marker = addMarker(this.map, at).setDraggable(true);
      this.marker.getElement().setAttribute("aria-label", t("The pin; drag it to where the customer is"));
      this.marker.on("dragend", () => {
        const place = this.marker.getLngLat();
        this.put([place.lng, place.lat]);
      });
    }
    this.marker.setLngLat(at);
    setField(this.form, "lon", at[0].toFixed(6));
    setField(this.form, "lat", at[1].toFixed(6));
    this.offer(true);
    this.ask(at);
  }

  takeAway() {
    this.abort.abort();
    this.marker?.remove();
    this.marker = null;
    setField(this.form, "lon", "");
    setField(this.form, "lat", "");
    this.fill({});
    this.offer(false);
    this.words.textContent = this.without;
  }

  /** @param {boolean} pinned */
  offer(pinned) {
    for (const button of document.querySelectorAll("[data-place]")) {
      const does = /** @type {HTMLElement} */ (button).dataset.place;
      if (does !== "here") /** @type {HTMLElement} */ (button).hidden = pinned === (does === "put");
    }
  }

  here() {
    if (!navigator.geolocation) return this.lost();
    this.words.textContent = t("Looking where you are …");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const at = /** @type {LonLat} */ ([coords.longitude, coords.latitude]);
        this.put(at);
        fit(this.map, boxAround(at, Math.max(coords.accuracy, 60)), { maxZoom: 17 });
      },
      () => this.lost(),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 30_000 },
    );
  }

  lost() {
    this.words.textContent = t("Where you are could not be found: allow the location in the browser, or put the pin by hand.");
  }

  /** What lies there. @param {LonLat} at */
  async ask([lon, lat]) {
    this.abort.abort();
    this.abort = new AbortController();
    const { signal } = this.abort;
    const found = await getJson("/api/v1/reverse", { query: { lon, lat }, signal, quiet: true }).catch(() => null);
    if (signal.aborted) return;
    this.words.textContent = describe(found);
    this.fill(believable(found));
  }

  /** Fill parts that are empty, or that an earlier place of the pin had filled. @param {Record<string, string>} parts */
  fill(parts) {
    for (const name of [...PARTS, "postcode"]) {
      const field = this.form.elements.namedItem(name);
      if (!(field instanceof HTMLInputElement)) continue;
      if (field.value.trim() && field.value !== this.filled.get(name)) continue;
      field.value = parts[name] ?? "";
      this.filled.set(name, field.value);
    }
  }
}

/** @param {any} found what /api/v1/reverse answered, or null */
function describe(found) {
  if (!found?.label) return t("No address is known here; the pin says where the customer is.");
  const distance = formatDistance(found.distance_m ?? 0);
  return t("Near {place} ({distance}). The pin says where the customer is.", { place: found.label, distance });
}

/** Parts of an address that hold at the pin too. @param {any} found @returns {Record<string, string>} */
function believable(found) {
  const parts = { ...found?.parts };
  const away = found?.distance_m ?? Infinity;
  if (away > SAME_HOUSE_M) delete parts.house_number;
  if (away > SAME_STREET_M) delete parts.street;
  return parts;
}
