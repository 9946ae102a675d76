// @ts-check
/** The day on the map and as a lane of hours. */
import { addMarker, createMap, fit, LABELS } from "../lib/basemap.js";
import { el } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";
import { clockOf } from "./visits_cards.js";

const LINE = "visits-line";

/**
 * @param {HTMLElement} container
 * @param {(account: number) => void} onChoose
 */
export async function createDayMap(container, onChoose) {
  const map = await createMap(container, { label: t("Map of the day's stops") });
  /** @type {any[]} */
  let markers = [];
  map.addSource(LINE, { type: "geojson", data: lineOf([]) });
  map.addLayer(
    {
      id: LINE,
      type: "line",
      source: LINE,
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": token("--accent"), "line-width": 3, "line-opacity": 0.75, "line-dasharray": [1, 1.6] },
    },
    map.getLayer(LABELS) ? LABELS : undefined,
  );
  onThemeChange(() => map.setPaintProperty(LINE, "line-color", token("--accent")));

  return {
    /** @param {any} plan @param {boolean} move whether to look at the whole day */
    show(plan, move) {
      for (const marker of markers) marker.remove();
      markers = plan ? pins(map, plan, onChoose) : [];
      const places = plan ? placesOf(plan) : [];
      map.getSource(LINE).setData(lineOf(places));
      if (move && places.length) look(map, places);
    },
    /** @param {[number, number]} place */
    goTo(place) {
      map.jumpTo({ center: place, zoom: 10 });
    },
    /** @param {number | null} account */
    highlight(account) {
      for (const marker of markers) {
        const pin = marker.getElement();
        pin.classList.toggle("is-hovered", account !== null && pin.dataset.account === String(account));
      }
    },
  };
}

/** @param {any} plan @returns {Array<[number, number]>} */
function placesOf(plan) {
  return [plan.start, ...plan.stops, plan.end].map((one) => [one.lon, one.lat]);
}

/** @param {Array<[number, number]>} coordinates */
function lineOf(coordinates) {
  return { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } };
}

/** @param {any} map @param {Array<[number, number]>} places */
function look(map, places) {
  const [lons, lats] = [places.map((one) => one[0]), places.map((one) => one[1])];
  fit(map, [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 48, duration: 0 });
}

/** @param {any} map @param {any} plan @param {(account: number) => void} onChoose */
function pins(map, plan, onChoose) {
  const ends = [endPin(map, plan.start, t("Start"), "A")];
  if (plan.start.lon !== plan.end.lon || plan.start.lat !== plan.end.lat) {
    ends.push(endPin(map, plan.end, t("End"), "B"));
  }
  const next = plan.stops.find((/** @type {any} */ stop) => !stop.outcome);
  const stops = plan.stops.map((/** @type {any} */ stop, /** @type {number} */ index) =>
    addMarker(
      map,
      [stop.lon, stop.lat],
      el(
        "button",
        {
          class: `visits-pin on-map ${stop.outcome ?? ""}${stop === next ? " is-next" : ""}`,
          type: "button",
          "data-account": stop.account,
          title: `${clockOf(stop.arrive)} ${stop.name}`,
          onclick: () => onChoose(stop.account),
        },
        String(index + 1),
      ),
    ),
  );
  return [...ends, ...stops];
}

/** @param {any} map @param {any} place @param {string} title @param {string} letter */
function endPin(map, place, title, letter) {
  return addMarker(map, [place.lon, place.lat], el("div", { class: "visits-pin on-map is-end", title }, letter));
}

/**
 * The day as a lane: driving thin, visits as blocks, waiting hatched.
 * @param {HTMLElement} container @param {any} plan @param {{onOpen: (account: number) => void, onHover: (account: number | null) => void}} actions
 */
export function showLane(container, plan, actions) {
  container.hidden = !plan || !plan.stops.length;
  if (container.hidden) return;
  const secondOf = (/** @type {string} */ iso) => Number(iso.slice(11, 13)) * 3600 + Number(iso.slice(14, 16)) * 60 + Number(iso.slice(17, 19));
  const first = Math.floor(secondOf(plan.leave) / 3600);
  const last = Math.max(Math.ceil(secondOf(plan.return) / 3600), first + 1);
  const share = (/** @type {number} */ second) => ((second - first * 3600) / ((last - first) * 3600)) * 100;
  const place = (/** @type {HTMLElement} */ node, /** @type {number} */ from, /** @type {number} */ to) => {
    node.style.left = `${share(from)}%`;
    node.style.width = `${Math.max(share(to) - share(from), 0)}%`;
    return node;
  };
  const hours = [];
  for (let hour = first; hour <= last; hour += 1) {
    const mark = el("span", { class: "lane-hour" }, `${String(hour % 24).padStart(2, "0")}:00`);
    mark.style.left = `${share(hour * 3600)}%`;
    hours.push(mark);
  }
  const track = el("div", { class: "lane-track" });
  track.append(place(el("span", { class: "lane-drive" }), secondOf(plan.leave), secondOf(plan.return)));
  plan.stops.forEach((/** @type {any} */ stop, /** @type {number} */ index) => {
    const [arrive, depart] = [secondOf(stop.arrive), secondOf(stop.depart)];
    if (stop.wait_s > 0) track.append(place(el("span", { class: "lane-wait", title: t("Waiting") }), arrive, arrive + stop.wait_s));
    const block = el(
      "button",
      {
        class: `lane-visit ${stop.outcome ?? ""}`,
        type: "button",
        title: `${clockOf(stop.arrive)}–${clockOf(stop.depart)} ${stop.name}`,
        onclick: () => actions.onOpen(stop.account),
        onmouseenter: () => actions.onHover(stop.account),
        onmouseleave: () => actions.onHover(null),
      },
      String(index + 1),
    );
    track.append(place(block, arrive + stop.wait_s, depart));
  });
  container.replaceChildren(el("div", { class: "lane-hours", "aria-hidden": "true" }, ...hours), track);
}
