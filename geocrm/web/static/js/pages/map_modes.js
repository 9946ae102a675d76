// @ts-check
/** The head of the page: map, split, table, board or chart; what belongs to each; keys for all. */
import { t } from "../lib/i18n.js";
import { readState, writeState } from "../lib/url_state.js";
import { openColumnSheet } from "./map_columns.js";
import { chartGroupings, groupings } from "./map_groups.js";
import { MODES, offered } from "./map_state.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const SMALLEST = 15; // per cent of the height that either part of the split keeps

/**
 * @param {any} page
 * @param {{current: () => ViewState, change: (changes: Partial<ViewState>) => void}} options
 */
export function createModes(page, { current, change }) {
  const group = /** @type {HTMLSelectElement} */ (byId("group"));
  const measure = /** @type {HTMLSelectElement} */ (byId("chart-measure"));
  const sort = /** @type {HTMLSelectElement} */ (byId("card-sort"));
  const follow = /** @type {HTMLInputElement | null} */ (document.getElementById("follow"));
  for (const button of document.querySelectorAll("[data-mode-switch]")) {
    button.addEventListener("click", () => change({ mode: /** @type {any} */ (button).dataset.modeSwitch }));
  }
  group.addEventListener("change", () => change({ group: group.value }));
  measure.addEventListener("change", () => change({ measure: /** @type {any} */ (measure.value) }));
  sort.addEventListener("change", () => change({ sort: sort.value }));
  follow?.addEventListener("change", () => change({ follow: follow.checked }));
  document.getElementById("columns")?.addEventListener("click", (event) => {
    openColumnSheet(/** @type {HTMLElement} */ (event.currentTarget), () => current().columns, (columns) => change({ columns }));
  });
  bindDivider(byId("stage"), byId("divider"));
  bindKeys(change);

  return {
    /** @param {ViewState} state */
    show(state) {
      byId("map-view").dataset.mode = state.mode;
      for (const button of document.querySelectorAll("[data-mode-switch]")) {
        button.setAttribute("aria-pressed", String(/** @type {any} */ (button).dataset.modeSwitch === state.mode));
      }
      for (const part of document.querySelectorAll("[data-for]")) {
        /** @type {HTMLElement} */ (part).hidden = !(/** @type {any} */ (part).dataset.for.split(" ").includes(state.mode));
      }
      fill(group, state.mode === "chart" ? chartGroupings(page) : groupings(page), state.group);
      measure.value = state.measure === "revenue" ? "revenue" : "count";
      sort.value = [...sort.options].some((one) => one.value === state.sort) ? state.sort : "name";
      if (follow) follow.checked = state.follow;
    },
  };
}

/** @param {HTMLSelectElement} select @param {Array<[string, string]>} options @param {string} value */
function fill(select, options, value) {
  if ([...select.options].map((one) => one.value).join() !== options.map(([key]) => key).join()) {
    select.replaceChildren(...options.map(([key, words]) => new Option(words, key)));
  }
  select.value = options.some(([key]) => key === value) ? value : options[0][0];
}

/** The line between map and table: dragged, or moved by the arrow keys. @param {HTMLElement} stage @param {HTMLElement} divider */
function bindDivider(stage, divider) {
  const show = (/** @type {number} */ share) => {
    const kept = Math.max(SMALLEST, Math.min(100 - SMALLEST, share));
    stage.style.setProperty("--split", `${kept}%`);
    divider.setAttribute("aria-valuenow", String(Math.round(kept)));
    return kept;
  };
  const now = () => Number(divider.getAttribute("aria-valuenow"));
  const keep = () => writeState({ split: now() === 38 ? null : now() });
  show(Number(readState().split) || 38);
  divider.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    divider.setPointerCapture(event.pointerId);
    divider.focus();
    const move = (/** @type {PointerEvent} */ moved) => {
      const box = stage.getBoundingClientRect();
      show(((box.bottom - moved.clientY) / box.height) * 100);
    };
    divider.addEventListener("pointermove", move);
    divider.addEventListener("pointerup", () => (divider.removeEventListener("pointermove", move), keep()), { once: true });
  });
  divider.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 4, ArrowDown: -4 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(now() + step);
    keep();
  });
}

/** 1 to 5 for the modes, ? for the list of keys. @param {(changes: Partial<ViewState>) => void} change */
function bindKeys(change) {
  const sheet = /** @type {HTMLDialogElement} */ (byId("keys"));
  byId("open-keys").addEventListener("click", () => sheet.showModal());
  byId("close-keys").addEventListener("click", () => sheet.close());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") return sheet.showModal();
    const mode = MODES[Number(event.key) - 1];
    if (mode && event.key.trim() && offered(mode) === mode) change({ mode });
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof Element && target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]") !== null;
}

/** What the title of the page says. @param {ViewState} state */
export function modeWords(state) {
  return { map: t("Map"), split: t("Map and table"), table: t("Table"), board: t("Board"), chart: t("Chart") }[state.mode];
}
