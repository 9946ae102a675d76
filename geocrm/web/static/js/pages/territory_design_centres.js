// @ts-check
/**
 * Where territories are served from: free, the homes of the reps, or places pinned on a small map.
 *
 * @typedef {{id: number, name: string, lon: number | null, lat: number | null}} Rep
 * @typedef {{number: number, name: string, people: {user_id: number, name: string}[]}} Kept
 */
import { addMarker, createMap, fit } from "../lib/basemap.js";
import { el, icon } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";

export class CentresWrong extends Error {
  /** @param {string} sentence @param {number} [count] so many territories would do */
  constructor(sentence, count) {
    super(sentence);
    this.count = count;
  }
}

/**
 * The homes from which the territories are served: of a kept plan, territory by territory, the home
 * of who works there; else of the chosen reps in their order.
 * @param {Rep[]} chosen @param {Rep[]} everyone @param {Kept[]} kept @param {number} count
 * @returns {[number, number][]}
 */
export function homesFor(chosen, everyone, kept, count) {
  const homes = kept.length ? kept.map((territory) => homeIn(territory, everyone)) : chosen.flatMap(({ lon, lat }) => (lon === null || lat === null ? [] : [/** @type {[number, number]} */ ([lon, lat])]));
  if (homes.length !== count) {
    const figures = { homes: tn("{n} home", "{n} homes", { n: homes.length }), territories: tn("{n} territory", "{n} territories", { n: count }) };
    throw new CentresWrong(t("There are {homes} for {territories}: each territory needs one.", figures), homes.length || undefined);
  }
  return homes;
}

/** @param {Kept} territory @param {Rep[]} everyone @returns {[number, number]} */
function homeIn({ name, people }, everyone) {
  const known = everyone.find((rep) => rep.lon !== null && people.some((one) => one.user_id === rep.id));
  if (!known) throw new CentresWrong(t("Nobody with a known home works in {name}: give it a rep, pin its centre, or leave the centres free.", { name }));
  return [Number(known.lon), Number(known.lat)];
}

/** Places on a small map: click to add, drag to move, or by the list. @param {HTMLElement} place @param {() => void} onChange */
export function createPins(place, onChange) {
  /** @type {{at: [number, number], marker: any}[]} */
  const pins = [];
  const list = el("ol", { class: "design-pins" });
  const box = el("div", { class: "map-mini design-map" });
  const add = el("button", { class: "btn btn-ghost", type: "button", id: "pin-middle", onclick: () => map && put([map.getCenter().lng, map.getCenter().lat]) }, icon("map-pin-plus"), t("Pin the middle of the map"));
  place.replaceChildren(box, el("div", { class: "row-line" }, add), list);
  /** @type {any} */
  let map = null;
  /** @type {Promise<void> | null} */
  let ready = null;

  async function draw() {
    map = await createMap(box, { label: t("Map of the centres") });
    map.on("click", (/** @type {any} */ event) => put([event.lngLat.lng, event.lngLat.lat]));
    for (const pin of pins) mark(pin);
    box.dataset.ready = "true";
  }

  /** @param {[number, number]} at */
  function put(at) {
    const pin = { at: /** @type {[number, number]} */ (at.map((one) => Math.round(one * 1e5) / 1e5)), marker: null };
    pins.push(pin);
    if (map) mark(pin);
    changed();
  }

  /** @param {{at: [number, number], marker: any}} pin */
  function mark(pin) {
    pin.marker = addMarker(map, pin.at, el("div", { class: "design-pin" }, String(pins.indexOf(pin) + 1)));
    pin.marker.setDraggable(true);
    pin.marker.on("dragend", () => {
      const { lng, lat } = pin.marker.getLngLat();
      pin.at = [Math.round(lng * 1e5) / 1e5, Math.round(lat * 1e5) / 1e5];
      changed();
    });
  }

  /** @param {{at: [number, number], marker: any}} pin */
  function remove(pin) {
    pin.marker?.remove();
    pins.splice(pins.indexOf(pin), 1);
    changed();
  }

  function changed() {
    pins.forEach((pin, i) => pin.marker && (pin.marker.getElement().textContent = String(i + 1)));
    list.replaceChildren(...pins.map((pin, i) => el("li", {},
      el("span", { class: "num grow" }, `${formatNumber(pin.at[1], 3)}, ${formatNumber(pin.at[0], 3)}`),
      el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Remove centre {n}", { n: i + 1 }), onclick: () => remove(pin) }, icon("x", "i-s")))));
    onChange();
  }

  return {
    /** The map is made when it is first seen. @param {[number, number, number, number] | null} around */
    async show(around) {
      ready ??= draw();
      await ready;
      map.resize();
      if (around) fit(map, around, { duration: 0, padding: 24 });
    },
    /** @param {[number, number][]} places */
    set(places) {
      for (const at of places) put(at);
    },
    get count() {
      return pins.length;
    },
    /** @param {number} count @returns {[number, number][]} */
    centres(count) {
      if (pins.length === count) return pins.map((pin) => pin.at);
      const figures = { centres: tn("{n} centre", "{n} centres", { n: pins.length }), territories: tn("{n} territory", "{n} territories", { n: count }) };
      throw new CentresWrong(t("There are {centres} for {territories}: pin one for each.", figures), pins.length || undefined);
    },
  };
}
