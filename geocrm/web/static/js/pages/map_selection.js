// @ts-check
/** Who is chosen: by an area drawn on the map, by ticked rows, or all that match; with their figures. */
import { getJson } from "../lib/api.js";
import { el, icon, swatch } from "../lib/dom.js";
import { isDrawerOpen } from "../lib/drawer.js";
import { formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { UNASSIGNED_COLOUR } from "../lib/palette.js";
import { hasSelection, meantTree } from "./map_state.js";
import { textOf } from "./map_tree.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */

const OWNERS_NAMED = 2;

/**
 * @param {{page: any, colours: Map<string, string>, change: (changes: Partial<ViewState>) => void, busy: () => boolean, onFigures: () => void}} options
 *   busy: whether an area is being drawn, which Escape ends first
 */
export function createSelection({ page, colours, change, busy, onFigures }) {
  const card = /** @type {HTMLElement} */ (document.getElementById("selection"));
  const facts = /** @type {HTMLElement} */ (document.getElementById("selection-facts"));
  let asking = new AbortController();
  /** What the card tells of; everybody is an empty text, so nobody yet is null. @type {string | null} */
  let shown = null;
  /** @type {any} */
  let figures = null;
  /** @type {ViewState | null} */
  let state = null;

  const all = document.getElementById("select-all");
  all?.addEventListener("click", () => change({ all: !state?.all, ids: null, selection: null }));
  all?.removeAttribute("disabled");
  document.getElementById("clear-selection")?.addEventListener("click", clear);
  // Before anything else hears the key: afterwards the drawer is closed and would seem never to have been open.
  document.addEventListener("keydown", escape, { capture: true });

  /** The ticks go first, then the area. */
  function clear() {
    if (state?.ids || state?.all) change({ ids: null, all: false });
    else change({ selection: null });
  }

  /** @param {KeyboardEvent} event */
  function escape(event) {
    if (event.key !== "Escape" || !state || !hasSelection(state) || busy() || isDrawerOpen()) return;
    const typing = event.target instanceof Element && event.target.closest("input:not([type=checkbox]), select, textarea, [role=combobox]");
    if (typing || document.querySelector(":popover-open, dialog[open], details.menu[open], #new-customer[aria-pressed=true]")) return;
    clear();
  }

  /** @param {ViewState} now */
  async function load(now) {
    figures = null;
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    card.setAttribute("aria-busy", "true");
    facts.replaceChildren(el("span", { class: "skeleton selection-bone" }), el("span", { class: "skeleton selection-bone" }));
    const found = await getJson("/api/v1/accounts/summary", { query: { filter: textOf(meantTree(now)) }, signal }).catch(() => null);
    if (signal.aborted) return;
    card.removeAttribute("aria-busy");
    figures = found;
    facts.replaceChildren(...(found ? factsOf(found, page, colours) : [el("span", { class: "muted" }, t("The figures could not be loaded."))]));
    onFigures();
  }

  return {
    /** @param {ViewState} next */
    show(next) {
      state = next;
      card.hidden = !hasSelection(next);
      all?.setAttribute("aria-pressed", String(next.all));
      if (card.hidden) {
        asking.abort();
        shown = null;
        figures = null;
        return;
      }
      const wanted = textOf(meantTree(next));
      if (wanted === shown) return;
      shown = wanted;
      load(next);
    },
    /** Whom an action means, and how many they are. */
    meant: () => ({ filter: state ? meantTree(state) : null, ids: state?.ids ?? null, count: state?.ids ? state.ids.length : figures?.count ?? null }),
    forget() {
      shown = null;
    },
  };
}

/** @param {any} figures of the summary @param {any} page @param {Map<string, string>} colours */
function factsOf(figures, page, colours) {
  const words = figures.count === null ? t("Fewer than ten customers") : tn("{n} customer", "{n} customers", { n: figures.count });
  const money = figures.revenue === null ? "" : t("{money} a year", { money: formatMoney(figures.revenue, { compact: true }) });
  const each = figures.revenue && figures.count ? t("{money} each", { money: formatMoney(figures.revenue / figures.count, { compact: true }) }) : "";
  return [
    el("strong", { class: "selection-count" }, words),
    el("span", {}, money),
    el("span", { class: "muted" }, each),
    mix(figures, page, colours),
    owners(figures),
  ].filter((one) => one && one.textContent !== "");
}

/** The segments as one bar with its shares in words. @param {any} figures @param {any} page @param {Map<string, string>} colours */
function mix(figures, page, colours) {
  const shares = figures.segments.filter((/** @type {any} */ one) => one.count);
  if (!shares.length || !figures.count) return null;
  const order = (/** @type {any} */ one) => (one.value === null ? 99 : page.segments.indexOf(one.value));
  shares.sort((/** @type {any} */ a, /** @type {any} */ b) => order(a) - order(b));
  const bar = el("span", { class: "selection-bar", "aria-hidden": "true" });
  for (const one of shares) {
    const slice = el("span");
    slice.style.width = `${(one.count / figures.count) * 100}%`;
    slice.style.background = colours.get(one.value) ?? UNASSIGNED_COLOUR;
    bar.append(slice);
  }
  const words = shares.map((/** @type {any} */ one) =>
    el("span", { class: "selection-share" }, swatch(colours.get(one.value) ?? UNASSIGNED_COLOUR), `${one.value ?? t("none")} ${formatShare(one.count / figures.count, { digits: 0 })}`),
  );
  return el("span", { class: "selection-mix" }, bar, el("span", { class: "selection-shares small" }, ...words));
}

/** @param {any} figures */
function owners(figures) {
  const named = figures.owners.filter((/** @type {any} */ one) => one.count);
  if (!named.length) return null;
  const first = named.slice(0, OWNERS_NAMED).map((/** @type {any} */ one) => `${one.label} ${formatNumber(one.count)}`).join(", ");
  const rest = named.length > OWNERS_NAMED ? ` ${t("and {n} more", { n: formatNumber(named.length - OWNERS_NAMED) })}` : "";
  return el("span", { class: "selection-owners muted small" }, icon("users", "i-s"), first + rest);
}
