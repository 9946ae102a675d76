// @ts-check
/** The small dialog beside a chip or button: choose a field, then its value; a full sheet on a phone. */
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { createEditor } from "./map_filter_editor.js";

/** @typedef {import("./map_filter_words.js").Field} Field */
/** @typedef {import("./map_filter_tree.js").Leaf} Leaf */

const PHONE = matchMedia("(max-width: 767px)");
const GAP_PX = 6;

/**
 * Edit a condition; it holds at once, with every change.
 * @param {Element} anchor
 * @param {{field: Field, leaf: Leaf | null, words: any, view?: () => any, onInput: (leaf: Leaf | null) => void, onRemove?: () => void, onBack?: () => void}} options
 */
export function editCondition(anchor, options) {
  const { field, leaf, onRemove, onBack } = options;
  const editor = createEditor(field, leaf, options);
  const back = () => {
    box.close();
    onBack?.();
  };
  const box = frame(field.label, onBack && back);
  const done = el("button", { class: "btn btn-primary", type: "button", onclick: () => box.close() }, t("Done"));
  const remove = onRemove && el("button", { class: "btn btn-ghost", type: "button", onclick: () => { onRemove(); box.close(); } }, icon("trash", "i-s"), t("Remove"));
  box.append(
    el("form", { class: "filter-body", method: "dialog" }, editor.node, el("div", { class: "spread filter-foot" }, remove ?? el("span", {}), done)),
  );
  open(box, anchor);
  editor.focus();
}

/**
 * Choose a field from a list that narrows as one types.
 * @param {Element} anchor @param {{fields: Field[], onChoose: (field: Field) => void, onCombine?: () => void}} options
 */
export function chooseField(anchor, { fields, onChoose, onCombine }) {
  const box = frame(t("Add filter"));
  const search = /** @type {HTMLInputElement} */ (el("input", { class: "form-control", type: "search", placeholder: t("Search fields"), "aria-label": t("Search fields") }));
  const list = el("div", { class: "filter-fields" });
  const take = (/** @type {Field} */ field) => {
    box.close();
    onChoose(field);
  };
  const draw = () => {
    const typed = search.value.trim().toLowerCase();
    const found = fields.filter((field) => `${field.label} ${field.group}`.toLowerCase().includes(typed));
    /** @type {Node[]} */
    const rows = [];
    let group = "";
    for (const field of found) {
      if (field.group !== group) rows.push(el("h3", { class: "overline filter-group" }, (group = field.group)));
      rows.push(el("button", { class: "menu-item", type: "button", onclick: () => take(field) }, field.label));
    }
    list.replaceChildren(...rows);
    if (!rows.length) list.append(el("p", { class: "muted small filter-nothing" }, t("No such field")));
  };
  search.addEventListener("input", draw);
  box.addEventListener("keydown", (event) => {
    const buttons = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
    const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (event.key === "ArrowDown") buttons[Math.min(at + 1, buttons.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? buttons[at - 1] : search).focus();
    else if (event.key === "Enter" && document.activeElement === search) buttons[0]?.click();
    else return;
    event.preventDefault();
  });
  draw();
  const combine = onCombine && el("button", { class: "menu-item filter-combine", type: "button", onclick: () => { box.close(); onCombine(); } }, icon("adjustments-horizontal"), t("Combine with and, or, not"));
  box.append(el("div", { class: "filter-body" }, search, list, combine ?? el("span", {})));
  open(box, anchor);
  search.focus();
}

/** @param {string} title @param {(() => void) | undefined} [onBack] */
function frame(title, onBack) {
  const back = onBack && el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Back to the fields"), onclick: onBack }, icon("arrow-left"));
  const box = /** @type {HTMLDialogElement} */ (el("dialog", { class: "filter-popover", "aria-label": title }));
  const shut = el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Close"), onclick: () => box.close() }, icon("x"));
  box.append(el("div", { class: "filter-head" }, back ?? el("span", {}), el("h2", { class: "h3 grow truncate" }, title), shut));
  return box;
}

/** @param {HTMLDialogElement} box @param {Element} anchor */
function open(box, anchor) {
  document.body.append(box);
  box.showModal();
  place(box, anchor);
  box.addEventListener("click", (event) => event.target === box && outside(box, event) && box.close());
  // The drawer behind listens to Escape, too.
  box.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
  const resized = () => place(box, anchor);
  addEventListener("resize", resized);
  const watch = new ResizeObserver(resized);
  watch.observe(box);
  box.addEventListener("close", () => {
    removeEventListener("resize", resized);
    watch.disconnect();
    box.remove();
  });
}

/** @param {HTMLElement} box @param {MouseEvent} event */
function outside(box, { clientX, clientY }) {
  const area = box.getBoundingClientRect();
  return clientX < area.left || clientX > area.right || clientY < area.top || clientY > area.bottom;
}

/** Beside its button and inside the window; a phone gives it the whole one. @param {HTMLElement} box @param {Element} anchor */
function place(box, anchor) {
  if (PHONE.matches) {
    box.style.top = "";
    box.style.left = "";
    return;
  }
  const from = anchor.isConnected ? anchor.getBoundingClientRect() : { left: 80, bottom: 120, top: 120 };
  const { width, height } = box.getBoundingClientRect();
  const below = from.bottom + GAP_PX;
  const top = below + height <= innerHeight - GAP_PX ? below : Math.max(GAP_PX, Math.min(from.top - height - GAP_PX, innerHeight - height - GAP_PX));
  box.style.top = `${Math.max(GAP_PX, top)}px`;
  box.style.left = `${Math.max(GAP_PX, Math.min(from.left, innerWidth - width - GAP_PX))}px`;
}
