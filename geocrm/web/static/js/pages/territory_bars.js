// @ts-check
/**
 * The scoreboard: a bar for each territory with the ideal line and the tolerance band. Rows stay
 * and only those that changed are drawn anew, for two hundred of them follow every stroke.
 */
import { el, icon } from "../lib/dom.js";
import { formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { colourAt } from "../lib/palette.js";
import { allAbove, allBelow, treeOrder } from "./territory_tree.js";

/**
 * @param {HTMLElement} list
 * @param {import("./territory_state.js").PlanState} state
 * @param {{editable: boolean, scored: boolean, locks: Set<number>, onOpen: (number: number) => void, onFocus: (number: number) => void, onLock: (number: number) => void}} options
 */
export function createScoreboard(list, state, options) {
  /** @type {Map<number, ReturnType<typeof row>>} */
  const rows = new Map();
  let measure = state.balance;
  let longest = 1;
  let ideal = 0;
  /** Those whose load is judged. @type {Set<number>} */
  let sharing = new Set();
  /** @type {number | null} */
  let selected = null;
  /** @type {number | null} */
  let focused = null;
  /** Territories whose lower ones are folded away. @type {Set<number>} */
  const folded = new Set();

  /** @param {number} number */
  const value = (number) => state.load(number, measure) ?? (measure === state.balance ? (state.territories.get(number)?.load ?? null) : null);

  /** What a territory holds with all below it; null when a part is hidden. @param {number} number */
  function together(number) {
    const held = [number, ...allBelow(state.territories, number)].map(value);
    return held.includes(null) ? null : held.reduce((/** @type {number} */ sum, one) => sum + (one ?? 0), 0);
  }

  /** What the bars are measured by. */
  function judge() {
    ideal = options.scored ? state.ideal(measure) : 0;
    sharing = new Set(state.sharing());
  }

  /** Draw all anew, each above those below it, the largest first. */
  function rebuild() {
    const numbers = state.numbers();
    const order = treeOrder(state.territories, (a, b) => (together(b) ?? 0) - (together(a) ?? 0) || a - b);
    list.classList.toggle("is-tree", order.some((one) => one.parent));
    judge();
    longest = Math.max(ideal * (1 + state.toleranceOf(measure)), ...numbers.map((number) => value(number) ?? 0), 1e-9) * 1.08;
    rows.clear();
    const shown = order.filter(({ number }) => !allAbove(state.territories, number).some((above) => folded.has(above)));
    list.replaceChildren(...shown.map(({ number, depth, parent }) => {
      const made = row(number, options, parent ? { folded: folded.has(number), fold: () => fold(number) } : null);
      made.item.style.setProperty("--depth", String(depth));
      rows.set(number, made);
      draw(number);
      return made.item;
    }));
  }

  /** Show what lies below a territory, or not. @param {number} number */
  function fold(number) {
    if (!folded.delete(number)) folded.add(number);
    rebuild();
    rows.get(number)?.toggle?.focus();
  }

  /** @param {number} number */
  function draw(number) {
    const parts = rows.get(number);
    const one = state.territories.get(number);
    if (!parts || !one) return;
    const held = value(number);
    const off = ideal && sharing.has(number) ? state.deviation(number, measure, ideal) : null;
    const outside = off !== null && Math.abs(off) > state.toleranceOf(measure) + 1e-9;
    const people = one.people.map((person) => person.name).join(", ");
    const share = (/** @type {number} */ amount) => `${(Math.max(0, Math.min(1, amount / longest)) * 100).toFixed(1)}%`;
    const colour = colourAt(one.colour);
    put(parts, "title", people ? `${one.name} · ${people}` : one.name, (words) => (parts.title.textContent = parts.open.title = words));
    put(parts, "label", one.name, (own) => {
      name(parts.swatchButton, t("Show {name} only", { name: own }));
      if (parts.lock) name(parts.lock, t("Lock {name}: tools leave it as it is", { name: own }));
    });
    put(parts, "amount", held === null ? "–" : formatLoad(held, measure), (words) => (parts.amount.textContent = words));
    if (parts.sum) {
      const all = together(number);
      const n = allBelow(state.territories, number).length;
      const words = all === null ? tn("{n} territory below it", "{n} territories below it", { n }) : tn("with {n} below it: {sum}", "with {n} below it: {sum}", { n, sum: formatLoad(all, measure) });
      put(parts, "sum", words, () => parts.sum?.replaceChildren(words));
    }
    if (parts.toggle) name(parts.toggle, folded.has(number) ? t("Show what lies below {name}", { name: one.name }) : t("Fold away what lies below {name}", { name: one.name }));
    put(parts, "off", off === null ? "" : formatShare(off, { signed: true }), (words) => (parts.off.textContent = words));
    put(parts, "outside", outside, () => {
      parts.off.className = outside ? "off" : "";
      parts.off.title = outside ? t("Outside the tolerance") : "";
    });
    put(parts, "colour", colour, () => (parts.swatch.style.background = parts.fill.style.backgroundColor = colour));
    put(parts, "width", share(held ?? 0), (width) => (parts.fill.style.width = width));
    put(parts, "pending", changed.has(number), (on) => parts.fill.classList.toggle("pending", on));
    put(parts, "ideal", ideal / longest, () => {
      parts.band.hidden = parts.ideal.hidden = !ideal;
      parts.band.style.left = share(ideal * (1 - state.toleranceOf(measure)));
      parts.band.style.width = share(2 * ideal * state.toleranceOf(measure));
      parts.ideal.style.left = share(ideal);
    });
    put(parts, "selected", number === selected, (on) => parts.open.setAttribute("aria-pressed", String(on)));
    put(parts, "focused", number === focused, (on) => parts.swatchButton.setAttribute("aria-pressed", String(on)));
    put(parts, "locked", options.locks.has(number), (on) => {
      parts.lock?.setAttribute("aria-pressed", String(on));
      parts.lock?.replaceChildren(icon(on ? "lock" : "lock-open", "i-s"));
    });
  }

  /** Territories with unsaved changes. @type {Set<number>} */
  let changed = new Set();
  rebuild();
  return {
    rebuild,
    /** @param {Iterable<number>} numbers */
    update(numbers) {
      const before = ideal;
      judge();
      if (ideal !== before) return rebuild();
      const touched = new Set(numbers);
      for (const number of [...touched]) for (const above of allAbove(state.territories, number)) touched.add(above);
      for (const number of touched) draw(number);
    },
    /** @param {Set<number>} numbers */
    setChanged(numbers) {
      const touched = new Set([...changed, ...numbers]);
      changed = numbers;
      for (const number of touched) draw(number);
    },
    /** @param {import("./territory_state.js").Measure} next */
    show(next) {
      measure = next;
      rebuild();
    },
    /** @param {number | null} number */
    select(number) {
      const before = selected;
      selected = number;
      for (const one of [before, number]) if (one !== null) draw(one);
    },
    /** @param {number | null} number */
    focus(number) {
      const before = focused;
      focused = number;
      for (const one of [before, number]) if (one !== null) draw(one);
    },
  };
}

/**
 * Write what is not written there yet: what stays the same costs the browser nothing.
 * @template T @param {{shown: Record<string, unknown>}} parts @param {string} what @param {T} value @param {(value: T) => void} write
 */
function put(parts, what, value, write) {
  if (parts.shown[what] === value) return;
  parts.shown[what] = value;
  write(value);
}

/** @param {HTMLElement} button @param {string} words */
function name(button, words) {
  button.title = words;
  button.setAttribute("aria-label", words);
}

/** Workload is hours a year. @param {number} value @param {string} measure */
export function formatLoad(value, measure) {
  if (measure === "workload") return t("{n} h", { n: formatNumber(Math.round(value)) });
  return measure === "revenue" ? formatMoney(value, { compact: true }) : formatNumber(Math.round(value));
}

/**
 * @param {number} number
 * @param {{editable: boolean, onOpen: (number: number) => void, onFocus: (number: number) => void, onLock: (number: number) => void}} options
 * @param {{folded: boolean, fold: () => void} | null} below of a territory with others below it
 */
function row(number, { editable, onOpen, onFocus, onLock }, below) {
  const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
  const swatchButton = el("button", { class: "score-swatch", type: "button", onclick: () => onFocus(number) }, swatch);
  const title = el("span", { class: "truncate" });
  const amount = el("span");
  const off = el("span");
  const [band, fill, ideal] = ["bar-band", "bar-fill", "bar-ideal"].map((kind) => el("span", { class: kind }));
  const open = el("button", { class: "bar-row", type: "button", "data-id": number, onclick: () => onOpen(number) },
    el("span", { class: "bar-label" }, title),
    el("span", { class: "bar-value" }, amount, " ", off),
    el("span", { class: "bar-track", "aria-hidden": "true" }, fill, band, ideal));
  const sum = below ? el("span", { class: "bar-sum muted small" }) : null;
  if (sum) open.append(sum);
  const toggle = below ? el("button", { class: "score-fold", type: "button", "aria-expanded": String(!below.folded), onclick: below.fold }, icon(below.folded ? "chevron-right" : "chevron-down", "i-s")) : null;
  const lock = editable ? el("button", { class: "score-lock", type: "button", onclick: () => onLock(number) }) : null;
  const item = el("li", { class: "score-row" }, toggle ?? el("span", { class: "score-fold" }), swatchButton, open, lock);
  return { shown: /** @type {Record<string, unknown>} */ ({}), item, swatch, swatchButton, title, amount, off, band, fill, ideal, open, lock, sum, toggle };
}
