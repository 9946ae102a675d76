// @ts-check
/** Choosing customers: areas drawn on the map, ticked rows, or all that match; with their figures. */
import { getJson } from "../lib/api.js";
import { LABELS } from "../lib/basemap.js";
import { el, icon, swatch } from "../lib/dom.js";
import { isDrawerOpen } from "../lib/drawer.js";
import { formatDistance, formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { UNASSIGNED_COLOUR } from "../lib/palette.js";
import { openMenu } from "../lib/pop_menu.js";
import { onThemeChange, token } from "../lib/theme.js";
import { toast } from "../lib/toast.js";
import { MAX_CORNERS, simplified } from "./map_area.js";
import { hasSelection, meantTree } from "./map_state.js";
import { textOf } from "./map_tree.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */

const OWNERS_NAMED = 2;
const EMPTY = { type: "FeatureCollection", features: [] };

const TOOLS = /** @type {const} */ (["lasso", "rectangle", "circle", "polygon"]);

/**
 * @param {any} map
 * @param {{page: any, colours: Map<string, string>, change: (changes: Partial<ViewState>) => void, onFigures: () => void}} options
 */
export function createSelection(map, { page, colours, change, onFigures }) {
  const card = /** @type {HTMLElement} */ (document.getElementById("selection"));
  const facts = /** @type {HTMLElement} */ (document.getElementById("selection-facts"));
  const button = document.getElementById("draw");
  let asking = new AbortController();
  /** What the card tells of; everybody is an empty text, so nobody yet is null. @type {string | null} */
  let shown = null;
  /** @type {any} */
  let figures = null;
  /** @type {ViewState | null} */
  let state = null;
  /** @type {any} */
  let draw = null;
  addLayers(map);

  button?.addEventListener("click", () => {
    if (draw?.isDrawing()) return draw.stop();
    openMenu(button, TOOLS.map((tool) => ({ words: toolWords(tool), symbol: toolSymbol(tool), run: () => start(tool) })), { label: t("Choose on the map") });
  });
  const all = document.getElementById("select-all");
  all?.addEventListener("click", () => change({ all: !state?.all, ids: null, selection: null }));
  for (const each of [button, all]) each?.removeAttribute("disabled");
  document.getElementById("clear-selection")?.addEventListener("click", clear);
  // Before anything else hears the key: afterwards the drawer is closed and would seem never to have been open.
  document.addEventListener("keydown", escape, { capture: true });

  /** @param {typeof TOOLS[number]} tool */
  async function start(tool) {
    const { createDraw } = await import("../lib/draw.js");
    draw ??= createDraw(map, { onFinish: drawn, onStop: () => showDrawing(null) });
    showDrawing(tool);
    draw.start(tool);
  }

  /** @param {typeof TOOLS[number] | null} tool */
  function showDrawing(tool) {
    button?.setAttribute("aria-pressed", String(tool !== null));
    const hint = document.getElementById("draw-hint");
    if (!hint) return;
    hint.hidden = tool === null;
    if (tool) hint.textContent = toolHint(tool);
  }

  /** @param {any} area */
  function drawn(area) {
    const { area: kept, corners, before, offM } = simplified(area, map.getZoom());
    // A finished drawing belongs to the address; ours is shown from there.
    setTimeout(() => draw.clear(), 0);
    if (before > MAX_CORNERS) {
      toast(t("The outline was drawn with {before} corners and keeps {corners}, so that a link can hold it; it is off by at most {distance}.", { before, corners, distance: formatDistance(offM) }), "info");
    }
    change({ selection: kept, ids: null, all: false });
  }

  /** The ticks go first, then the area. */
  function clear() {
    if (state?.ids || state?.all) change({ ids: null, all: false });
    else change({ selection: null });
  }

  /** @param {KeyboardEvent} event */
  function escape(event) {
    if (event.key !== "Escape" || !state || !hasSelection(state) || draw?.isDrawing() || isDrawerOpen()) return;
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
    if (found) facts.replaceChildren(...factsOf(found, page, colours));
    onFigures();
  }

  return {
    /** @param {ViewState} next */
    show(next) {
      state = next;
      map.getSource("selection").setData(next.selection ? { type: "Feature", properties: {}, geometry: next.selection } : EMPTY);
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
    isDrawing: () => Boolean(draw?.isDrawing()),
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

/** @param {any} map */
function addLayers(map) {
  map.addSource("selection", { type: "geojson", data: EMPTY });
  map.addLayer({ id: "selection-fill", type: "fill", source: "selection", paint: { "fill-color": "#000", "fill-opacity": 0.1 } }, LABELS);
  map.addLayer({ id: "selection-line", type: "line", source: "selection", layout: { "line-join": "round" }, paint: { "line-color": "#000", "line-width": 2 } });
  const paint = () => {
    map.setPaintProperty("selection-fill", "fill-color", token("--accent"));
    map.setPaintProperty("selection-line", "line-color", token("--accent"));
  };
  paint();
  map.once("remove", onThemeChange(paint));
}

/** @param {typeof TOOLS[number]} tool */
function toolWords(tool) {
  return { lasso: t("Lasso"), rectangle: t("Rectangle"), circle: t("Circle"), polygon: t("Polygon") }[tool];
}

/** @param {typeof TOOLS[number]} tool */
function toolSymbol(tool) {
  return { lasso: "lasso", rectangle: "square", circle: "circle", polygon: "polygon" }[tool];
}

/** @param {typeof TOOLS[number]} tool */
function toolHint(tool) {
  if (tool === "polygon") return t("Click the corners, then the first one again; Escape ends it.");
  if (tool === "circle") return t("Drag from the middle outwards; Escape ends it.");
  return t("Drag over the map; Escape ends it.");
}
