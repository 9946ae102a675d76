// @ts-check
/** Where customers are, as a condition: near a place, in saved areas, or in the area that was drawn. */
import { getJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { formatDistance } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { bindPlaceSuggest } from "../lib/place_suggest.js";

const RADII_M = [100, 250, 500, 1000, 2000, 3000, 5000, 7500, 10_000, 15_000, 20_000, 30_000, 50_000, 75_000, 100_000, 150_000, 200_000, 300_000, 500_000];
const USUAL_M = 5000;

/**
 * @param {string} mode @param {any} leaf
 * @param {{id: string, words: any, view?: () => any, tell: (op: string, value: any) => void}} options
 * @returns {Node[]}
 */
export function createPlace(mode, leaf, options) {
  if (mode.endsWith("near")) return near(mode, leaf, options);
  if (mode.endsWith("in_area")) return areas(mode, leaf, options);
  return [el("p", { class: "muted small" }, t("The area was drawn on the map; draw another one there."))];
}

/** @param {string} mode @param {any} leaf @param {{id: string, words: any, view?: () => any, tell: (op: string, value: any) => void}} options */
function near(mode, leaf, { id, words, view, tell }) {
  let { lon, lat } = leaf?.value ?? { lon: null, lat: null };
  const step = (/** @type {number} */ metres) => RADII_M.reduce((best, one, at) => (Math.abs(one - metres) < Math.abs(RADII_M[best] - metres) ? at : best), 0);
  let radius = leaf?.value.radius_m ?? USUAL_M;
  const field = /** @type {HTMLInputElement} */ (
    el("input", { class: "form-control", id: `${id}-place`, type: "text", placeholder: t("Address, street or place") })
  );
  field.value = lon === null ? "" : words.nameOf("place", `${lon},${lat}`).replace(",", ", ");
  const shown = el("output", { class: "num", for: `${id}-radius` });
  const slider = /** @type {HTMLInputElement} */ (
    el("input", { class: "form-range", id: `${id}-radius`, type: "range", min: 0, max: RADII_M.length - 1, step: 1, value: step(radius) })
  );
  const say = () => {
    shown.textContent = formatDistance(radius);
    slider.setAttribute("aria-valuetext", formatDistance(radius));
  };
  const read = () => tell(mode, lon === null ? null : { lon, lat, radius_m: radius });
  slider.addEventListener("input", () => {
    radius = RADII_M[Number(slider.value)];
    say();
    read();
  });
  const put = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ label) => {
    [lon, lat] = [Number(x.toFixed(6)), Number(y.toFixed(6))];
    words.learn("place", `${lon},${lat}`, label);
    field.value = label;
    read();
  };
  const frame = el("div", { class: "field" }, el("label", { for: field.id }, t("Place")), field);
  bindPlaceSuggest(field, { view: () => view?.() ?? null, onChoose: (found) => put(found.lon, found.lat, found.label) });
  const middle = view && el("button", { class: "btn btn-small filter-middle", type: "button", onclick: () => { const at = view(); put(at.lon, at.lat, t("the middle of the map")); } }, icon("crosshair", "i-s"), t("Middle of the map"));
  say();
  return [
    frame,
    middle ?? el("span", {}),
    el("div", { class: "field" }, el("div", { class: "spread" }, el("label", { class: "form-label", for: slider.id }, t("Radius")), shown), slider),
  ];
}

/** @param {string} mode @param {any} leaf @param {{words: any, tell: (op: string, value: any) => void}} options */
function areas(mode, leaf, { words, tell }) {
  const ticked = new Set(leaf?.value ?? []);
  const list = el("div", { class: "filter-choices", role: "group", "aria-label": t("Saved areas"), "aria-busy": "true" });
  const toggle = (/** @type {number} */ id, /** @type {boolean} */ on) => {
    if (on) ticked.add(id);
    else ticked.delete(id);
    tell(mode, ticked.size ? [...ticked] : null);
  };
  getJson("/api/v1/filters/fields/location/choices", { quiet: true }).catch(() => ({ items: [] })).then((answer) => {
    list.removeAttribute("aria-busy");
    list.replaceChildren(...answer.items.map((/** @type {any} */ item) => {
      words.learn("location", item.value, item.label);
      const input = el("input", { class: "form-check-input", type: "checkbox", checked: ticked.has(item.value), onchange: (/** @type {any} */ event) => toggle(item.value, event.target.checked) });
      return el("label", { class: "form-check filter-choice" }, input, el("span", { class: "form-check-label grow truncate" }, item.label));
    }));
    if (!answer.items.length) list.append(el("p", { class: "muted small filter-nothing" }, t("No areas are saved yet.")));
  });
  return [list];
}
