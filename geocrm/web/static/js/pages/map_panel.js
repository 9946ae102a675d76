// @ts-check
/** The panel of the map page: figures, chips and filters. */
import { el, icon } from "../lib/dom.js";
import { closeDrawer, openDrawer } from "../lib/drawer.js";
import { formatMoney, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { chipsOf, FILTERS, isFiltered } from "./map_state.js";

/** @typedef {import("./map_state.js").MapState} MapState */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const form = () => /** @type {HTMLFormElement} */ (byId("filters"));

/**
 * @param {MapState} state
 * @param {any} page what the server told the page
 * @param {(changes: Partial<MapState>) => void} change
 */
export function bindPanel(state, page, change) {
  fillForm(state);
  listBorders(state, page.layers, change);
  let timer = 0;
  form().addEventListener("submit", (event) => event.preventDefault());
  form().addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => change(readForm()), 300);
  });
  byId("clear-filters").addEventListener("click", () => change(nothing()));
  bindFilterDrawer();
}

/** Every filter off. @returns {Partial<MapState>} */
export function nothing() {
  return { segments: [], ...Object.fromEntries(FILTERS.map((name) => [name, ""])) };
}

/** Bring fields, buttons and chips in line with the state. @param {MapState} state @param {any} names @param {(changes: Partial<MapState>) => void} change */
export function showState(state, names, change) {
  fillForm(state);
  byId("clear-filters").hidden = !isFiltered(state);
  for (const box of document.querySelectorAll("#borders input")) {
    const input = /** @type {HTMLInputElement} */ (box);
    input.checked = state.borders.includes(input.value);
  }
  const chips = chipsOf(state, { ...names, choice });
  const bar = byId("chips");
  bar.hidden = !chips.length;
  bar.replaceChildren(
    ...chips.map(({ words, without }) =>
      el(
        "span",
        { class: "chip" },
        words,
        el("button", { type: "button", "aria-label": t("Without: {filter}", { filter: words }), onclick: () => change(without) }, icon("x", "i-s")),
      ),
    ),
  );
}

/** @param {any} figures of /api/v1/accounts/summary @param {MapState} state */
export function showFigures(figures, state) {
  const box = byId("figures");
  box.removeAttribute("aria-busy");
  const words = figures.count === null ? t("Fewer than ten customers") : tn("{n} customer", "{n} customers", { n: figures.count });
  const parts = [
    el("div", { class: "map-total" }, (figures.rounded && figures.count ? "≈ " : "") + words),
    el("div", { class: "muted" }, figures.revenue === null ? "" : t("{money} a year", { money: formatMoney(figures.revenue, { compact: true }) })),
  ];
  if (figures.without_point && state.point !== "weak") parts.push(weakNote(figures, state));
  if (figures.rounded) parts.push(el("p", { class: "hint" }, t("Figures are in whole tens. Areas with fewer than ten customers are not drawn.")));
  box.replaceChildren(...parts);
  byId("sheet-title").textContent = words;
}

/** How many have no trustworthy point, with the way to them. @param {any} figures @param {MapState} state */
function weakNote(figures, state) {
  const query = new URLSearchParams(location.search);
  query.set("point", "weak");
  return el(
    "div",
    { class: "map-weak" },
    icon("map-pin-off", "i-s"),
    el(
      "a",
      { href: `?${query}`, "data-change": "weak" },
      tn("{n} without a trustworthy point", "{n} without a trustworthy point", { n: figures.without_point }),
    ),
    figures.unplaced ? el("span", { class: "muted" }, t("({n} not on the map)", { n: formatNumber(figures.unplaced) })) : null,
  );
}

/** The people and territories one can choose. @param {any} figures of everybody @param {any[]} territories @param {MapState} state */
export function offerChoices(figures, territories, state) {
  const owners = figures.owners.filter((/** @type {any} */ one) => one.value !== null);
  fillSelect("owner", owners.map((/** @type {any} */ one) => [String(one.value), one.label ?? String(one.value)]), 1);
  const sorted = [...territories].sort((a, b) => a.name.localeCompare(b.name));
  fillSelect("territory", sorted.map((one) => [String(one.id), one.name]), 2);
  fillForm(state);
}

/** @param {string} name @param {Array<[string, string]>} options @param {number} kept how many of the first stay */
function fillSelect(name, options, kept) {
  const select = form().elements.namedItem(name);
  if (!(select instanceof HTMLSelectElement)) return;
  while (select.options.length > kept) select.remove(kept);
  for (const [value, words] of options) select.add(new Option(words, value));
}

/** @param {MapState} state */
function fillForm(state) {
  for (const name of FILTERS) {
    const field = form().elements.namedItem(name);
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement) || field === document.activeElement) continue;
    const value = state[name];
    // Several territories are chosen in the legend; the list then shows none of them.
    field.value = field instanceof HTMLSelectElement && ![...field.options].some((o) => o.value === value) ? "" : value;
  }
}

/** @returns {Partial<MapState>} */
function readForm() {
  const values = Object.fromEntries([...new FormData(form())].map(([name, value]) => [name, String(value).trim()]));
  return /** @type {Partial<MapState>} */ (values);
}

/** The words of a chosen option. @param {string} field @param {string} value */
function choice(field, value) {
  const select = form().elements.namedItem(field);
  if (!(select instanceof HTMLSelectElement)) return value;
  const words = [...select.options].find((option) => option.value === value)?.text ?? value;
  return words.charAt(0).toLowerCase() + words.slice(1);
}

/** @param {MapState} state @param {any[]} layers @param {(changes: Partial<MapState>) => void} change */
function listBorders(state, layers, change) {
  const box = byId("borders");
  if (!layers.length) box.append(el("p", { class: "hint" }, t("No boundaries have been loaded. Run: geocrm boundaries load")));
  for (const layer of layers) {
    const input = /** @type {HTMLInputElement} */ (el("input", { class: "form-check-input", type: "checkbox", value: layer.code }));
    input.checked = state.borders.includes(layer.code);
    input.addEventListener("change", () => {
      const on = [...box.querySelectorAll("input")].filter((one) => one.checked).map((one) => one.value);
      change({ borders: on });
    });
    box.append(el("label", { class: "form-check" }, input, el("span", { class: "form-check-label" }, layer.name)));
  }
}

/** On a phone the controls move into the drawer and back. */
function bindFilterDrawer() {
  const home = byId("controls-home");
  const controls = byId("controls");
  byId("open-filters").addEventListener("click", () => {
    openDrawer({ title: t("Filters, colours and borders"), content: controls });
    controls.append(el("div", { class: "section", "data-close": true }, el("button", { class: "btn btn-primary btn-wide", type: "button", onclick: closeDrawer }, t("Show the map"))));
  });
  document.addEventListener("drawer:close", () => back());
  matchMedia("(max-width: 767px)").addEventListener("change", () => back());
  function back() {
    controls.querySelector("[data-close]")?.remove();
    if (controls.parentElement !== home) home.append(controls);
  }
}
