// @ts-check
/** The panel of the map page: figures, legend and borders. */
import { el, icon, swatch } from "../lib/dom.js";
import { closeDrawer, openDrawer } from "../lib/drawer.js";
import { formatMoney, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { UNASSIGNED_COLOUR } from "../lib/palette.js";
import { valuesOf, withValues } from "./map_filter_tree.js";

/** @typedef {import("./map_state.js").MapState} MapState */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
// Those whom no map can place exactly enough.
export const WEAK = { field: "trustworthy", op: "eq", value: false };

/**
 * @param {MapState} state
 * @param {any} page what the server told the page
 * @param {(changes: Partial<MapState>) => void} change
 */
export function bindPanel(state, page, change) {
  listBorders(state, page.layers, change);
  for (const button of document.querySelectorAll("[data-colour]")) {
    button.addEventListener("click", () => change({ colour: /** @type {any} */ (button).dataset.colour }));
  }
  bindFilterDrawer();
}

/** Bring buttons in line with the state. @param {MapState} state */
export function showState(state) {
  for (const button of document.querySelectorAll("[data-colour]")) {
    button.setAttribute("aria-pressed", String(/** @type {any} */ (button).dataset.colour === state.colour));
  }
  for (const box of document.querySelectorAll("#borders input")) {
    const input = /** @type {HTMLInputElement} */ (box);
    input.checked = state.borders.includes(input.value);
  }
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
  if (figures.without_point && !isWeak(state)) parts.push(weakNote(figures, state));
  if (figures.rounded) parts.push(el("p", { class: "hint" }, t("Figures are in whole tens. Areas with fewer than ten customers are not drawn.")));
  box.replaceChildren(...parts);
  byId("sheet-title").textContent = words;
}

/** Those of the legend's choice who have no trustworthy point. @param {MapState} state */
export function weakOnly(state) {
  const kept = ["segment", "territory", "owner"].reduce((tree, field) => withValues(tree, field, valuesOf(state.filter, field)), /** @type {any} */ (WEAK));
  return kept;
}

/** @param {MapState} state */
export const isWeak = (state) => JSON.stringify(state.filter ?? null).includes(JSON.stringify(WEAK));

/** How many have no trustworthy point, with the way to them. @param {any} figures @param {MapState} state */
function weakNote(figures, state) {
  const query = new URLSearchParams(location.search);
  query.set("filter", JSON.stringify(weakOnly(state)));
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

/**
 * Rows of the legend with their counts; a row is a switch of the filter.
 * @param {Array<{value: any, label: string | null, count: number | null}>} shares
 * @param {MapState} state @param {{segments: Map<string, string>, territories: Map<number, string>}} colours
 * @param {(changes: Partial<MapState>) => void} change
 */
export function showLegend(shares, state, colours, change) {
  const bySegment = state.colour === "segment";
  const field = bySegment ? "segment" : "territory";
  const chosen = valuesOf(state.filter, field);
  const rows = shares.map((share) => ({ ...share, key: share.value === null ? "none" : String(share.value) }));
  if (bySegment) rows.sort((a, b) => Number(a.key === "none") - Number(b.key === "none") || a.key.localeCompare(b.key));
  const toggle = (/** @type {string} */ key) => {
    const next = chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key];
    change({ filter: withValues(state.filter, field, next.map((one) => (bySegment || one === "none" ? one : Number(one)))) });
  };
  const list = byId("legend");
  const focused = document.activeElement?.getAttribute("data-key");
  list.removeAttribute("aria-busy");
  list.replaceChildren(
    ...rows.map((row) => {
      const none = bySegment ? t("No segment") : t("In no territory");
      const words = row.value === null ? none : bySegment ? t("Segment {name}", { name: row.value }) : row.label ?? `${row.value}`;
      const colour = bySegment ? colours.segments.get(row.value) : colours.territories.get(Number(row.value));
      return el(
        "li",
        {},
        el(
          "button",
          {
            class: "legend-row",
            type: "button",
            "data-key": row.key,
            "aria-pressed": String(!chosen.length || chosen.includes(row.key)),
            onclick: () => toggle(row.key),
          },
          swatch(colour ?? UNASSIGNED_COLOUR),
          el("span", { class: "truncate" }, words),
          el("span", { class: "num" }, row.count === null ? "<10" : formatNumber(row.count)),
        ),
      );
    }),
  );
  if (!rows.length) list.append(el("li", { class: "muted small legend-row" }, t("Nobody fits these filters.")));
  if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-key="${CSS.escape(focused)}"]`))?.focus();
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
