// @ts-check
/** The panel of the map page: figures, borders, and the drawer that holds the controls on a phone. */
import { el, icon } from "../lib/dom.js";
import { closeDrawer, openDrawer } from "../lib/drawer.js";
import { formatMoney, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { QUICK } from "./map_state.js";
import { asksForUnplaced, replaced, textOf } from "./map_tree.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {any} page what the server told the page
 * @param {{current: () => ViewState, change: (changes: Partial<ViewState>) => void}} options
 */
export function createPanel(page, { current, change }) {
  listBorders(page.layers, change);
  bindControlsDrawer();
  byId("figures").addEventListener("click", (event) => {
    if (!(event.target instanceof Element && event.target.closest("[data-change]"))) return;
    event.preventDefault();
    change({ filter: unplaced(current()) });
  });
  return {
    /** @param {ViewState} state */
    show(state) {
      for (const box of document.querySelectorAll("#borders input")) {
        const input = /** @type {HTMLInputElement} */ (box);
        input.checked = state.borders.includes(input.value);
      }
    },
  };
}

/** @param {ViewState} state */
function unplaced(state) {
  return replaced(state.filter, "trustworthy", QUICK.point.part("weak"));
}

/** @param {any} figures of /api/v1/accounts/summary @param {ViewState} state */
export function showFigures(figures, state) {
  const box = byId("figures");
  box.removeAttribute("aria-busy");
  const words = figures.count === null ? t("Fewer than ten customers") : tn("{n} customer", "{n} customers", { n: figures.count });
  const parts = [
    el("div", { class: "map-total" }, (figures.rounded && figures.count ? "≈ " : "") + words),
    el("div", { class: "muted" }, figures.revenue === null ? "" : t("{money} a year", { money: formatMoney(figures.revenue, { compact: true }) })),
  ];
  if (figures.without_point && !asksForUnplaced(state.filter)) parts.push(weakNote(figures, state));
  if (figures.rounded) parts.push(el("p", { class: "hint" }, t("Figures are in whole tens. Areas with fewer than ten customers are not drawn.")));
  box.replaceChildren(...parts);
  byId("sheet-title").textContent = words;
}

/** Figures that did not come, with the way to ask again. @param {() => void} again */
export function showNoFigures(again) {
  const box = byId("figures");
  box.removeAttribute("aria-busy");
  const retry = el("button", { class: "btn btn-small", type: "button", onclick: () => again() }, icon("refresh", "i-s"), t("Try again"));
  box.replaceChildren(el("p", { class: "muted" }, t("The figures could not be loaded.")), retry);
}

/** How many have no trustworthy point, with the way to them. @param {any} figures @param {ViewState} state */
function weakNote(figures, state) {
  const query = new URLSearchParams({ filter: textOf(unplaced(state)) });
  return el(
    "div",
    { class: "map-weak" },
    icon("map-pin-off", "i-s"),
    el("a", { href: `?${query}`, "data-change": "weak" }, weakWords(figures)),
  );
}

/** @param {{without_point: number, unplaced: number}} figures */
function weakWords({ without_point: weak, unplaced }) {
  if (unplaced === weak) return tn("{n} not on the map", "{n} not on the map", { n: weak });
  const words = tn("{n} without a trustworthy point", "{n} without a trustworthy point", { n: weak });
  return unplaced ? `${words} ${t("({n} not on the map)", { n: formatNumber(unplaced) })}` : words;
}

/** @param {any[]} layers @param {(changes: Partial<ViewState>) => void} change */
function listBorders(layers, change) {
  const box = byId("borders");
  if (!layers.length) box.append(el("p", { class: "hint" }, t("No boundaries have been loaded. Run: geocrm boundaries load")));
  for (const layer of layers) {
    const input = /** @type {HTMLInputElement} */ (el("input", { class: "form-check-input", type: "checkbox", value: layer.code }));
    input.addEventListener("change", () => {
      const on = [...box.querySelectorAll("input")].filter((one) => one.checked).map((one) => one.value);
      change({ borders: on });
    });
    box.append(el("label", { class: "form-check" }, input, el("span", { class: "form-check-label" }, layer.name)));
  }
}

/** On a phone the controls move into the drawer and back. */
function bindControlsDrawer() {
  const home = byId("controls-home");
  const controls = byId("controls");
  byId("open-filters").addEventListener("click", () => {
    openDrawer({ title: t("Filters, colours and borders"), content: controls });
    controls.append(el("div", { class: "section", "data-close": true }, el("button", { class: "btn btn-primary btn-wide", type: "button", onclick: closeDrawer }, t("Show the customers"))));
  });
  document.addEventListener("drawer:close", () => back());
  matchMedia("(max-width: 767px)").addEventListener("change", () => back());
  function back() {
    controls.querySelector("[data-close]")?.remove();
    if (controls.parentElement !== home) home.append(controls);
  }
}
