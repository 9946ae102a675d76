// @ts-check
/**
 * The legend is the scoreboard: what is drawn and by what, and for every colour its name, how many
 * customers and the measure. A row is a button: it brings its customers into focus, the rest dims.
 */
import { el, icon, swatch } from "../lib/dom.js";
import { failure } from "../lib/failure.js";
import { formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { colourBy, heatGradient } from "./map_colours.js";
import { focusAfter } from "./map_ground.js";
import { regionCodes } from "./map_regions.js";

/** Rows beyond these are told by their number: nobody reads on, and a map of 3,000 counties is slow. */
const MOST_ROWS = 200;

export const LAYERS = () => [
  { value: "points", words: t("Points"), icon: "map-pins" },
  { value: "heat", words: t("Heat"), icon: "flame" },
  { value: "hexagons", words: t("Hexagons"), icon: "hexagons" },
  { value: "regions", words: t("Regions"), icon: "map-2" },
];
const CLASSES = () => [["quantile", t("Equal numbers")], ["natural", t("Natural breaks")], ["equal", t("Equal steps")]];
const SIZES = () => [["count", t("Customers")], ["revenue", t("Revenue")]];

/**
 * @param {HTMLElement} container
 * @param {{page: {individuals: boolean, segments: string[], layers: any[], territories: any[]}, onChange: (changes: any) => void}} options
 *   `onChange` gets the changed parts of the view's state
 */
export function createLegend(container, { page, onChange }) {
  const switcher = el("div", { class: "segmented map-layers", role: "group", "aria-label": t("What the map draws") });
  const options = el("div", { class: "map-layer-options" });
  const board = el("div", { class: "map-board" });
  container.classList.add("map-legend");
  container.replaceChildren(switcher, options, board);
  /** @type {any} */
  let state = null;
  /** @type {any} */
  let figures = null;

  for (const { value, words, icon: name } of LAYERS()) {
    switcher.append(el("button", { class: "btn", type: "button", "data-layer": value, "aria-pressed": "false", onclick: () => onChange({ layer: value, focus: [], ...firstRegions(value) }) }, icon(name), el("span", {}, words)));
  }

  /** Regions need a level: territories where there are some, else the level below countries. @param {string} layer */
  function firstRegions(layer) {
    const choices = regionCodes(page);
    return layer === "regions" && !choices.includes(state.regions) ? { regions: choices[0] ?? "" } : {};
  }

  function regionChoices() {
    const names = Object.fromEntries(page.layers.map((one) => [one.code, one.name]));
    return regionCodes(page).map((code) => [code, names[code] ?? t("Territories")]);
  }

  function showOptions() {
    const parts = [];
    if (state.layer === "points") {
      parts.push(choice("colour", t("Colour by"), colourings(), { focus: [] }));
      if (page.individuals) parts.push(choice("size", t("Size by"), SIZES()));
    }
    if (state.layer === "heat" && page.individuals) parts.push(choice("size", t("Weight"), SIZES()));
    if (state.layer === "regions") parts.push(choice("regions", t("Level"), regionChoices(), { focus: [] }));
    if (state.layer !== "heat") {
      const measured = state.layer === "hexagons" || state.layer === "regions";
      parts.push(choice("measure", measured ? t("Coloured by") : t("Figures"), measures(), measured ? { focus: [] } : {}));
      if (measure() === "share") parts.push(choice("share", t("Share of"), page.segments.map((name) => [name, t("Segment {name}", { name })])));
      if (measured) parts.push(choice("classes", t("Classes"), CLASSES(), state.layer === "hexagons" ? { focus: [] } : {}));
    }
    options.replaceChildren(...parts);
  }

  /** What points may be coloured by. Who only counts is told segments and territories. */
  function colourings() {
    const all = [["segment", t("Segment")]];
    if (page.territories.length) all.push(["territory", t("Territory")]);
    if (!page.individuals) return all;
    return [...all, ["owner", t("Owner")], ["recency", t("Last order")], ["visited", t("Last visit")], ["grade", t("Exactness")]];
  }

  /** What the rows tell: of groups that are neither segments nor areas no share of a segment is known. */
  function measure() {
    const grouped = state.layer === "points" && !["segment", "territory"].includes(state.colour);
    return grouped && state.measure === "share" ? "count" : state.measure;
  }

  function measures() {
    const all = [["count", t("Customers")], ["revenue", t("Revenue")], ["average", t("Average revenue")], ["share", t("Share of a segment")]];
    if (state.layer === "points" && !["segment", "territory"].includes(state.colour)) return all.slice(0, 3);
    // Who only counts gets no revenue of a hexagon.
    return state.layer === "hexagons" && !page.individuals ? [all[0], all[3]] : all;
  }

  /** @param {string} name @param {string} words @param {string[][]} values @param {any} [more] what else changes with it */
  function choice(name, words, values, more = {}) {
    const select = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", id: `legend-${name}`, "data-key": `choice-${name}` }));
    for (const [value, label] of values) select.add(new Option(label, value, false, value === state[name]));
    select.addEventListener("change", () => onChange({ [name]: select.value, ...more }));
    return el("div", { class: `field map-choice-${name}` }, el("label", { class: "form-label", for: select.id }, words), select);
  }

  function showBoard() {
    const fits = figures && (figures.what === state.layer || (["points", "heat"].includes(state.layer) && figures.what === colourBy(state)));
    board.setAttribute("aria-busy", String(!fits));
    if (!fits) return board.replaceChildren(...Array.from({ length: 4 }, () => el("div", { class: "skeleton map-bone" })));
    const boards = { classes: classBoard, rows: rowBoard, lost: () => [failure(() => onChange({}))] };
    board.replaceChildren(...boards[/** @type {keyof typeof boards} */ (figures.kind)]());
  }

  function classBoard() {
    const { classes, colours } = figures;
    if (!classes.sizes.length) return [el("p", { class: "muted small" }, t("Nobody is in view."))];
    const rows = colours.map((/** @type {string} */ colour, /** @type {number} */ i) => row({ key: String(i), colour, label: rangeWords(classes, i) }, [formatNumber(classes.sizes[i])]));
    return [head([measureWords(), t("Hexagons")]), list(rows.reverse()), foot()];
  }

  function rowBoard() {
    const parts = [];
    if (figures.undrawn) parts.push(el("p", { class: "hint" }, t("No territory plan is live, so there is nothing to draw.")));
    if (state.layer === "heat") parts.push(warmth());
    if (figures.classes?.sizes.length) parts.push(ramp(figures));
    const total = figures.rows.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.count, 0);
    const rows = [...figures.rows].sort(order);
    const drawn = rows.slice(0, MOST_ROWS).map((one) => row(one, [formatNumber(one.count), figure(one, total)]));
    if (!rows.length) return [...parts, el("p", { class: "muted small" }, t("Nobody fits these filters."))];
    parts.push(head([whatWords(), t("Customers"), measure() === "count" ? t("Of all") : measureWords()]), list(drawn));
    if (rows.length > MOST_ROWS) parts.push(el("p", { class: "hint" }, tn("and {n} more", "and {n} more", { n: rows.length - MOST_ROWS })));
    return [...parts, foot()];
  }

  /** Segments by name, spans and grades as they come, all else by the measure; those in none last. @param {any} a @param {any} b */
  function order(a, b) {
    const none = Number(a.key === "none") - Number(b.key === "none");
    if (none) return none;
    if (ranked()) return 0;
    return figures.what === "segment" ? a.key.localeCompare(b.key) : b.value - a.value || b.count - a.count;
  }

  /** @param {any} one @param {number} total */
  function figure(one, total) {
    if (measure() === "revenue") return formatMoney(one.revenue, { compact: true });
    if (measure() === "average") return formatMoney(one.average, { compact: true });
    if (measure() === "share") return formatShare(one.value, { digits: 0 });
    return formatShare(one.count / total, { digits: 0 });
  }

  /** @param {{key: string, colour: string | null, label: string | null, owner?: string | null}} one @param {string[]} numbers */
  function row(one, numbers) {
    const lit = !focus().length || state.focus.includes(one.key);
    const words = one.label ?? noneWords();
    const name = figures.what === "segment" && one.key !== "none" ? t("Segment {name}", { name: words }) : words;
    return el(
      "li",
      {},
      el(
        "button",
        { class: "legend-row map-board-row", type: "button", "data-key": one.key, "aria-pressed": String(lit), onclick: (/** @type {MouseEvent} */ event) => onChange({ focus: focusAfter(state.focus, one.key, event) }) },
        mark(one.colour),
        el("span", { class: "map-board-name" }, el("span", { class: ranked() ? "" : "truncate", title: name }, name), one.owner ? el("small", { class: "muted truncate" }, one.owner) : null),
        ...numbers.map((number) => el("span", { class: "num" }, number)),
      ),
    );
  }

  /** Heat has colours of its own, so its rows have none. @param {string | null} colour */
  function mark(colour) {
    if (state.layer === "heat") return null;
    return colour ? swatch(colour) : el("span", { class: "swatch map-swatch-none", "aria-hidden": "true" });
  }

  /** Spans and grades come in an order of their own, and their words are read whole. */
  const ranked = () => ["recency", "visited", "grade"].includes(figures.what);

  /** What is in focus and drawn: of other classes there may be fewer. */
  const focus = () => (figures.kind === "classes" ? state.focus.filter((/** @type {string} */ key) => Number(key) < figures.colours.length) : state.focus);

  /** @param {HTMLElement[]} rows */
  const list = (rows) => el("ul", { class: "legend map-board-rows", "aria-label": t("Legend") }, ...rows);

  /** @param {string[]} words */
  const head = ([first, ...others]) => el("div", { class: "map-board-head overline", "aria-hidden": "true" }, el("span", { class: "grow truncate" }, first), ...others.map((one) => el("span", { class: "map-board-number" }, one)));

  function foot() {
    const hint = matchMedia("(pointer: coarse)").matches ? t("Choose rows to bring them into focus.") : t("Choose a row to bring it into focus; with Ctrl or Shift several.");
    if (!focus().length) return el("p", { class: "hint" }, hint);
    return el("button", { class: "btn btn-small map-unfocus", type: "button", "data-key": "unfocus", onclick: () => onChange({ focus: [] }) }, icon("x", "i-s"), t("Show all alike"));
  }

  /** The colours in a line with the ends of their range. @param {any} given */
  function ramp({ classes, colours }) {
    const bar = el("div", { class: "map-ramp", "aria-hidden": "true" });
    for (const colour of colours) {
      const part = el("span");
      part.style.background = colour;
      bar.append(part);
    }
    return rampBox(bar, value(classes.least), value(classes.largest));
  }

  /** What the colours of heat mean: it is told against the hottest in view, so there are no figures. */
  function warmth() {
    const bar = el("div", { class: "map-ramp", "aria-hidden": "true" });
    bar.style.background = heatGradient();
    return state.size === "revenue" ? rampBox(bar, t("Little revenue"), t("Much revenue")) : rampBox(bar, t("Few customers"), t("Many customers"));
  }

  /** @param {HTMLElement} bar @param {string} least @param {string} most */
  const rampBox = (bar, least, most) => el("div", { class: "map-ramp-box" }, bar, el("div", { class: "spread small muted" }, el("span", {}, least), el("span", {}, most)));

  /** @param {any} classes @param {number} i */
  function rangeWords(classes, i) {
    const from = i ? classes.breaks[i - 1] : classes.least;
    const to = i < classes.breaks.length ? classes.breaks[i] : classes.largest;
    if (i === classes.breaks.length) return from === to ? value(from) : t("{from} and more", { from: value(from) });
    // Whole numbers below the next break read better than the break itself.
    const last = state.measure === "count" ? to - 1 : to;
    return last === from ? value(from) : t("{from} to {to}", { from: value(from), to: value(last) });
  }

  /** @param {number} number */
  function value(number) {
    if (state.measure === "count") return formatNumber(Math.round(number));
    return state.measure === "share" ? formatShare(number, { digits: 0 }) : formatMoney(number, { compact: true });
  }

  const measureWords = () => (state.measure === "share" ? t("Share of {name}", { name: state.share }) : state.measure === "average" ? t("Average") : measures().find(([name]) => name === state.measure)?.[1] ?? "");
  const byTerritory = () => figures.what === "territory" || figures.by === "territories";
  const whatWords = () => (byTerritory() ? t("Territory") : Object.fromEntries(colourings())[figures.what] ?? t("Area"));
  const noneWords = () => (figures.what === "segment" ? t("No segment") : byTerritory() ? t("In no territory") : t("In no region of this level"));

  return {
    /** @param {any} next the state of the view @param {any} [found] what `onFigures` of the layers gave; left out while it is asked for */
    show(next, found) {
      state = next;
      figures = found ?? figures;
      container.dataset.layer = state.layer;
      for (const button of switcher.children) button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.layer === state.layer));
      const focused = document.activeElement?.closest("[data-key]")?.getAttribute("data-key");
      const ours = container.contains(document.activeElement);
      const scrolled = board.querySelector("ul")?.scrollTop ?? 0;
      showOptions();
      showBoard();
      const rows = board.querySelector("ul");
      if (rows) rows.scrollTop = scrolled;
      if (ours && focused) /** @type {HTMLElement | null} */ (container.querySelector(`[data-key="${CSS.escape(focused)}"]`))?.focus();
    },
  };
}
