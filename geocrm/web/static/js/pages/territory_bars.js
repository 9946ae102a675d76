// @ts-check
/**
 * The scoreboard: a bar for each territory with the ideal line and the tolerance band. Rows stay
 * and only those that changed are drawn anew, for two hundred of them follow every stroke.
 */
import { el, icon } from "../lib/dom.js";
import { formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { colourAt } from "../lib/palette.js";

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
  /** @type {number | null} */
  let selected = null;
  /** @type {number | null} */
  let focused = null;

  /** @param {number} number */
  const value = (number) => state.load(number, measure) ?? (measure === state.balance ? (state.territories.get(number)?.load ?? null) : null);

  /** Draw all anew, the largest first. */
  function rebuild() {
    const numbers = state.numbers().sort((a, b) => (value(b) ?? 0) - (value(a) ?? 0) || a - b);
    const ideal = state.ideal(measure);
    longest = Math.max(ideal * (1 + state.tolerance), ...numbers.map((number) => value(number) ?? 0), 1e-9) * 1.08;
    rows.clear();
    list.replaceChildren(...numbers.map((number) => {
      const made = row(number, options);
      rows.set(number, made);
      draw(number);
      return made.item;
    }));
  }

  /** @param {number} number */
  function draw(number) {
    const parts = rows.get(number);
    const one = state.territories.get(number);
    if (!parts || !one) return;
    const held = value(number);
    const ideal = options.scored ? state.ideal(measure) : 0;
    const off = ideal ? state.deviation(number, measure) : null;
    const outside = off !== null && Math.abs(off) > state.tolerance + 1e-9;
    const people = one.people.map((person) => person.name).join(", ");
    parts.name.textContent = people ? `${one.name} · ${people}` : one.name;
    parts.amount.textContent = held === null ? "–" : formatLoad(held, measure);
    parts.off.textContent = off === null ? "" : formatShare(off, { signed: true });
    parts.off.className = outside ? "off" : "";
    parts.off.title = outside ? t("Outside the tolerance") : "";
    const colour = colourAt(one.colour);
    parts.swatch.style.background = colour;
    const share = (/** @type {number} */ amount) => `${Math.max(0, Math.min(1, amount / longest)) * 100}%`;
    parts.fill.style.width = share(held ?? 0);
    parts.fill.style.backgroundColor = colour;
    parts.fill.classList.toggle("pending", changed.has(number));
    parts.band.hidden = parts.ideal.hidden = !ideal;
    parts.band.style.left = share(ideal * (1 - state.tolerance));
    parts.band.style.width = share(2 * ideal * state.tolerance);
    parts.ideal.style.left = share(ideal);
    parts.open.setAttribute("aria-pressed", String(number === selected));
    parts.swatchButton.setAttribute("aria-pressed", String(number === focused));
    parts.lock?.setAttribute("aria-pressed", String(options.locks.has(number)));
    parts.lock?.replaceChildren(icon(options.locks.has(number) ? "lock" : "lock-open", "i-s"));
  }

  /** Territories with unsaved changes. @type {Set<number>} */
  let changed = new Set();
  rebuild();
  return {
    rebuild,
    /** @param {Iterable<number>} numbers */
    update(numbers) {
      for (const number of numbers) draw(number);
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

/** @param {number} value @param {string} measure */
export function formatLoad(value, measure) {
  return measure === "revenue" ? formatMoney(value, { compact: true }) : formatNumber(Math.round(value));
}

/** @param {number} number @param {{editable: boolean, onOpen: (number: number) => void, onFocus: (number: number) => void, onLock: (number: number) => void}} options */
function row(number, { editable, onOpen, onFocus, onLock }) {
  const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
  const swatchButton = el("button", { class: "score-swatch", type: "button", title: t("Show this one only"), "aria-label": t("Show this one only"), onclick: () => onFocus(number) }, swatch);
  const name = el("span", { class: "truncate" });
  const amount = el("span");
  const off = el("span");
  const [band, fill, ideal] = ["bar-band", "bar-fill", "bar-ideal"].map((kind) => el("span", { class: kind }));
  const open = el("button", { class: "bar-row", type: "button", "data-id": number, onclick: () => onOpen(number) },
    el("span", { class: "bar-label" }, name),
    el("span", { class: "bar-value" }, amount, " ", off),
    el("span", { class: "bar-track", "aria-hidden": "true" }, fill, band, ideal));
  const lock = editable ? el("button", { class: "score-lock", type: "button", title: t("Lock: tools leave it as it is"), "aria-label": t("Lock: tools leave it as it is"), onclick: () => onLock(number) }) : null;
  const item = el("li", { class: "score-row" }, swatchButton, open, lock);
  return { item, swatch, swatchButton, name, amount, off, band, fill, ideal, open, lock };
}
