// @ts-check
/** The customers around a point, nearest first: a list with distances, and the ground it reaches over. */
import { getJson } from "../lib/api.js";
import { fit, LABELS } from "../lib/basemap.js";
import { el, icon } from "../lib/dom.js";
import { openDrawer } from "../lib/drawer.js";
import { failure } from "../lib/failure.js";
import { formatDistance, formatMoney } from "../lib/format.js";
import { boxAround, circle } from "../lib/ground.js";
import { t } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";
import { toast } from "../lib/toast.js";
import { writeState } from "../lib/url_state.js";

const PAGE = 20;
const POSITION_TIMEOUT_MS = 15_000;
const EMPTY = { type: "FeatureCollection", features: [] };

/** @param {HTMLElement} list @param {() => void} again */
function lost(list, again) {
  const line = el("li", {}, failure(() => (line.remove(), again())));
  list.append(line);
}

/**
 * @param {any} map
 * @param {{filter: () => string, onChoose: (row: any) => void, onHover: (row: any | null) => void}} options
 */
export function createNearby(map, { filter, onChoose, onHover }) {
  addLayers(map);
  /** @type {[number, number] | null} */
  let here = null;
  let heading = "";
  let asking = new AbortController();
  let open = false;

  /** List who is around a point. @param {[number, number]} lonLat @param {string} [title] */
  async function around(lonLat, title = t("Near this place")) {
    here = lonLat;
    heading = title;
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const list = el("ul", { class: "map-list", "aria-busy": "true" }, ...Array.from({ length: 6 }, () => el("li", { class: "map-line" }, el("span", { class: "skeleton near-bone" }))));
    const more = el("button", { class: "btn btn-wide", type: "button" }, t("Show more"));
    const end = el("div", { class: "section" }, more);
    const note = el("p", { class: "section muted small", role: "status" }, filter() ? t("Only customers that the filters choose.") : t("All customers you may see."));
    end.hidden = true;
    /** @type {string | null} */
    let cursor = null;
    const load = async (/** @type {boolean} */ first) => {
      const query = { lon: lonLat[0].toFixed(6), lat: lonLat[1].toFixed(6), filter: filter(), limit: PAGE, cursor };
      const answer = await getJson("/api/v1/accounts/nearby", { query, signal }).catch(() => null);
      if (signal.aborted) return;
      list.removeAttribute("aria-busy");
      if (first) list.replaceChildren();
      if (!answer) return lost(list, () => load(first));
      cursor = answer.next;
      end.hidden = cursor === null;
      list.append(...answer.items.map(line));
      if (first && !answer.items.length) list.append(el("li", { class: "section muted" }, t("Nobody fits these filters.")));
      reach(lonLat, answer.items.at(-1)?.distance_m ?? 0, first);
    };
    more.addEventListener("click", () => load(false));
    await openDrawer({ title, content: [note, list, end] });
    open = true;
    writeState({ near: `${lonLat[0].toFixed(5)},${lonLat[1].toFixed(5)}`, customer: null });
    await load(true);
  }

  /** @param {any} row @returns {HTMLElement} */
  function line(row) {
    const detail = [row.segment, formatMoney(row.revenue, { compact: true }), row.owner?.name].filter(Boolean).join(" · ");
    return el(
      "li",
      { onmouseenter: () => onHover(row), onmouseleave: () => onHover(null) },
      el(
        "button",
        { class: "map-line", type: "button", "data-id": row.id, onclick: () => onChoose(row) },
        icon("building-store"),
        el("span", { class: "grow truncate" }, el("strong", {}, row.name), el("small", { class: "muted" }, detail)),
        el("span", { class: "num near-distance" }, formatDistance(row.distance_m)),
      ),
    );
  }

  /** The circle that the list reaches over so far. @param {[number, number]} lonLat @param {number} radiusM @param {boolean} move */
  function reach(lonLat, radiusM, move) {
    const point = { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: lonLat } };
    map.getSource("near").setData({ type: "FeatureCollection", features: radiusM ? [point, circle(lonLat, radiusM)] : [point] });
    if (move && radiusM) fit(map, boxAround(lonLat, radiusM), { padding: 48, maxZoom: 16 });
  }

  document.addEventListener("drawer:close", () => end());
  function end() {
    if (!open) return;
    open = false;
    asking.abort();
    map.getSource("near").setData(EMPTY);
    writeState({ near: null });
  }

  const button = document.getElementById("near-me");
  button?.addEventListener("click", () => locate(button, (lonLat) => around(lonLat, t("Near me"))));
  button?.removeAttribute("disabled");

  return {
    around,
    /** Filters changed: the same place anew. */
    refresh: () => open && here && around(here, heading),
    /** The record of one of the list opens in its place; the circle stays. */
    leave() {
      open = false;
      asking.abort();
      writeState({ near: null });
    },
    clear: () => map.getSource("near").setData(EMPTY),
  };
}

/** @param {HTMLElement} button @param {(lonLat: [number, number]) => void} found */
function locate(button, found) {
  if (!navigator.geolocation) return toast(t("This device does not tell its position. Right-click the map and choose “Near here”."), "warn");
  button.setAttribute("aria-busy", "true");
  const done = () => button.removeAttribute("aria-busy");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => (done(), found([coords.longitude, coords.latitude])),
    (error) => (done(), toast(refusal(error), "warn")),
    { enableHighAccuracy: true, timeout: POSITION_TIMEOUT_MS, maximumAge: 60_000 },
  );
}

/** @param {GeolocationPositionError} error */
function refusal(error) {
  if (error.code === error.PERMISSION_DENIED) return t("The browser may not tell your position. Allow it for this page, or right-click the map and choose “Near here”.");
  if (error.code === error.TIMEOUT) return t("Your position was not found in time. Try again, or right-click the map and choose “Near here”.");
  return t("Your position is not known right now. Right-click the map and choose “Near here”.");
}

/** The place in the address around which one looked, or null. @param {string | undefined} text @returns {[number, number] | null} */
export function placeOfText(text) {
  const [lon, lat] = (text ?? "").split(",").map(Number);
  return text && Number.isFinite(lon) && Number.isFinite(lat) && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lon, lat] : null;
}

/** @param {any} map */
function addLayers(map) {
  map.addSource("near", { type: "geojson", data: EMPTY });
  const round = ["==", ["geometry-type"], "Polygon"];
  map.addLayer({ id: "near-fill", type: "fill", source: "near", filter: round, paint: { "fill-color": "#000", "fill-opacity": 0.07 } }, LABELS);
  map.addLayer({ id: "near-line", type: "line", source: "near", filter: round, paint: { "line-color": "#000", "line-width": 1.5, "line-dasharray": [4, 3] } });
  map.addLayer({ id: "near-point", type: "circle", source: "near", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 6, "circle-color": "#000", "circle-stroke-width": 3, "circle-stroke-color": "#fff" } });
  const paint = () => {
    map.setPaintProperty("near-fill", "fill-color", token("--info"));
    map.setPaintProperty("near-line", "line-color", token("--info"));
    map.setPaintProperty("near-point", "circle-color", token("--info"));
    map.setPaintProperty("near-point", "circle-stroke-color", token("--surface"));
  };
  paint();
  map.once("remove", onThemeChange(paint));
}
