// @ts-check
/**
 * Horizontal bars with an ideal line and a tolerance band: how fair a division is.
 * A list to a screen reader; each row says its value and how far it is off.
 */
import { el, swatch } from "./dom.js";
import { formatNumber, formatShare } from "./format.js";
import { t } from "./i18n.js";

/**
 * @typedef {object} BarRow
 * @property {string | number} id
 * @property {string} label
 * @property {number} value
 * @property {string} [colour]
 * @property {boolean} [pending] hatched: changed and not saved
 *
 * @typedef {object} BarOptions
 * @property {BarRow[]} rows
 * @property {number} [ideal] where the line stands; without it there is no line and no deviation
 * @property {number} [tolerance] 0.05 shades from 5 % below to 5 % above the ideal
 * @property {(value: number) => string} [format]
 * @property {(id: string | number) => void} [onSelect] makes the rows buttons
 * @property {string | number | null} [selected]
 */

/**
 * @param {HTMLElement} container a <ul class="bars">, or anything to put one into
 * @param {BarOptions} options
 * @returns {{update: (changes: Partial<BarOptions>) => void}}
 */
export function createBars(container, options) {
  const list = container instanceof HTMLUListElement ? container : container.appendChild(el("ul"));
  list.classList.add("bars");
  let current = options;
  const draw = () => {
    const focused = document.activeElement?.closest(".bar-row")?.getAttribute("data-id");
    list.replaceChildren(...current.rows.map((row) => line(row, current)));
    if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${CSS.escape(focused)}"]`))?.focus();
  };
  draw();
  return {
    update(changes) {
      current = { ...current, ...changes };
      draw();
    },
  };
}

/** @param {BarRow} row @param {BarOptions} options */
function line(row, options) {
  const { ideal, tolerance, format = formatNumber, onSelect } = options;
  const off = ideal ? row.value / ideal - 1 : null;
  const outside = off !== null && tolerance !== undefined && Math.abs(off) > tolerance + 1e-9;
  const value = el("span", { class: "bar-value" }, format(row.value), off === null ? null : " · ");
  if (off !== null) {
    const words = formatShare(off, { signed: true });
    value.append(el("span", { class: outside ? "off" : null, title: outside ? t("Outside the tolerance") : null }, words));
  }
  return el(
    "li",
    {},
    el(
      onSelect ? "button" : "div",
      {
        class: "bar-row",
        type: onSelect ? "button" : null,
        "data-id": row.id,
        "aria-pressed": onSelect ? String(row.id === options.selected) : null,
        onclick: onSelect ? () => onSelect(row.id) : null,
      },
      el("span", { class: "bar-label" }, row.colour ? swatch(row.colour) : null, el("span", { class: "truncate" }, row.label)),
      value,
      track(row, options),
    ),
  );
}

/** @param {BarRow} row @param {BarOptions} options */
function track(row, { rows, ideal = 0, tolerance = 0 }) {
  const longest = Math.max(ideal * (1 + tolerance), ...rows.map((one) => one.value), 1e-9) * 1.02;
  const share = (/** @type {number} */ amount) => `${Math.max(0, Math.min(1, amount / longest)) * 100}%`;
  const box = el("span", { class: "bar-track", "aria-hidden": "true" });
  const fill = el("span", { class: row.pending ? "bar-fill pending" : "bar-fill" });
  fill.style.width = share(row.value);
  if (row.colour) fill.style.backgroundColor = row.colour;
  box.append(fill);
  if (ideal) {
    const band = el("span", { class: "bar-band" });
    band.style.left = share(ideal * (1 - tolerance));
    band.style.width = share(2 * ideal * tolerance);
    const mark = el("span", { class: "bar-ideal" });
    mark.style.left = share(ideal);
    box.append(band, mark);
  }
  return box;
}
