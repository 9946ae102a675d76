// @ts-check
/**
 * A small sheet beside a button, above everything, so that no scrolling part cuts it off.
 * Escape and a click elsewhere close it; arrow keys go through its items.
 */
import { el, icon } from "./dom.js";

const GAP = 4; // px between button and sheet

/** @type {HTMLElement | null} */
let current = null;

/**
 * @param {HTMLElement | {x: number, y: number}} anchor a button, or where somebody pointed
 * @param {Node[]} content
 * @param {{label: string, onClose?: () => void}} options
 * @returns {HTMLElement}
 */
export function openSheet(anchor, content, { label, onClose }) {
  closeSheet();
  const sheet = el("div", { class: "pop-sheet", popover: "auto", role: "dialog", "aria-label": label }, ...content);
  document.body.append(sheet);
  sheet.showPopover();
  place(sheet, anchor);
  current = sheet;
  sheet.addEventListener("keydown", arrows);
  sheet.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    const held = sheet.contains(document.activeElement) || document.activeElement === document.body;
    sheet.remove();
    if (current === sheet) current = null;
    if (held && anchor instanceof HTMLElement && anchor.isConnected) anchor.focus();
    onClose?.();
  });
  /** @type {HTMLElement | null} */ (sheet.querySelector("button:not([disabled]), input, a"))?.focus();
  return sheet;
}

/**
 * @param {HTMLElement | {x: number, y: number}} anchor
 * @param {Array<{words: string, symbol?: string, swatch?: Node, run: () => void, disabled?: boolean}>} items
 * @param {{label: string}} options
 */
export function openMenu(anchor, items, { label }) {
  const buttons = items.map(({ words, symbol, swatch, run, disabled }) =>
    el(
      "button",
      { class: "menu-item", type: "button", disabled, onclick: () => (closeSheet(), run()) },
      swatch ?? (symbol ? icon(symbol) : null),
      words,
    ),
  );
  return openSheet(anchor, [el("div", { class: "pop-title overline" }, label), ...buttons], { label });
}

export function closeSheet() {
  if (current?.matches(":popover-open")) current.hidePopover();
}

/** @param {HTMLElement} sheet @param {HTMLElement | {x: number, y: number}} anchor */
function place(sheet, anchor) {
  const at = anchor instanceof HTMLElement ? anchor.getBoundingClientRect() : new DOMRect(anchor.x, anchor.y, 0, 0);
  const { offsetWidth: width, offsetHeight: height } = sheet;
  const below = at.bottom + GAP + height <= innerHeight || at.top < height + GAP;
  const left = at.left + width <= innerWidth - GAP ? at.left : Math.max(GAP, at.right - width);
  sheet.style.left = `${Math.min(left, Math.max(GAP, innerWidth - width - GAP))}px`;
  sheet.style.top = `${below ? Math.min(at.bottom + GAP, Math.max(GAP, innerHeight - height - GAP)) : at.top - height - GAP}px`;
}

/** @param {KeyboardEvent} event */
function arrows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const sheet = /** @type {HTMLElement} */ (event.currentTarget);
  const items = /** @type {HTMLElement[]} */ ([...sheet.querySelectorAll("button:not([disabled]), input")]);
  if (!step || !items.length) return;
  event.preventDefault();
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  items[(at + step + items.length) % items.length].focus();
}
