// @ts-check
/**
 * The filters of the map page: chips of what holds, quick ones for what is asked most, and every
 * other field a search away. They edit any tree of the filter language, and each change holds at once.
 */
import { getJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { openBuilder } from "./map_filter_builder.js";
import { chooseField, editCondition } from "./map_filter_popover.js";
import { findField, isLeaf, partsOf, treeOf, withPart } from "./map_filter_tree.js";
import { createWords } from "./map_filter_words.js";

/** @typedef {import("./map_filter_tree.js").Tree} Tree */
/** @typedef {import("./map_filter_tree.js").Leaf} Leaf */
/** @typedef {import("./map_filter_words.js").Field} Field */

const TYPING_MS = 250;
const QUICK = ["revenue", "last_order", "last_visit", "owner", "territory", "location", "trustworthy", "tag"];

/**
 * @param {{chips: HTMLElement, builder: HTMLElement}} places
 * @param {{fields?: Field[], names?: Record<string, (id: any) => string | null | undefined>, view?: () => any, onChange: (tree: Tree | null) => void}} options
 *   view: where the map looks, as {lon, lat, zoom}
 */
export function createFilters({ chips, builder }, { fields, names = {}, view, onChange }) {
  /** @type {Tree | null} */
  let tree = null;
  let words = createWords(fields ?? [], names);
  let timer = 0;
  /** What the page knows of; while somebody types, `tree` is ahead of it. @type {Tree | null} */
  let told = null;
  const loaded = fields ? Promise.resolve(fields) : getJson("/api/v1/filters/fields").then((answer) => answer.items);
  loaded.then((known) => {
    words = createWords(known, names);
    drawQuick();
    draw();
  });

  /** @param {Tree | null} next @param {{soon?: boolean}} [how] soon: wait while somebody types */
  function change(next, { soon = false } = {}) {
    if (same(next, tree)) return;
    clearTimeout(timer);
    tree = next;
    draw();
    const tell = () => {
      timer = 0;
      told = next;
      onChange(next);
    };
    if (soon) timer = window.setTimeout(tell, TYPING_MS);
    else tell();
  }

  // ---------------------------------------------------------------- chips

  function draw() {
    const parts = partsOf(tree);
    chips.hidden = !parts.length;
    chips.classList.add("filter-chips");
    if (!words.fields.length) return;
    chips.replaceChildren(
      ...parts.map(chip),
      ...(parts.length > 1 ? [el("button", { class: "btn btn-ghost btn-small", type: "button", onclick: () => change(null) }, t("Clear all"))] : []),
    );
    words.fetchNames(tree).then((more) => more && draw());
    showQuick();
  }

  /** @param {Tree} part @param {number} at */
  function chip(part, at) {
    const text = words.words(part);
    const edit = el("button", { class: "filter-chip-words truncate", type: "button", title: text, "aria-label": t("Change: {filter}", { filter: text }), onclick: () => editPart(edit, at) }, text);
    const remove = el("button", { type: "button", "aria-label": t("Without: {filter}", { filter: text }), onclick: () => change(withPart(tree, at, null)) }, icon("x", "i-s"));
    return el("span", { class: "chip filter-chip" }, edit, remove);
  }

  /** @param {Element} anchor @param {number} at */
  function editPart(anchor, at) {
    const part = partsOf(tree)[at];
    const field = isLeaf(part) ? words.field(part.field) : null;
    if (!field) return combine();
    edit(anchor, field, at, part);
  }

  // ---------------------------------------------------------------- one condition

  /** @param {Element} anchor @param {Field} field @param {number} at @param {Leaf | null} leaf @param {(() => void)} [onBack] */
  function edit(anchor, field, at, leaf, onBack) {
    let there = leaf !== null;
    const put = (/** @type {Leaf | null} */ next) => {
      const parts = [...partsOf(tree)];
      parts.splice(at, there ? 1 : 0, ...(next ? [next] : []));
      there = next !== null;
      change(treeOf(parts), { soon: true });
    };
    // The tree may end in a group of its own; as a part of all of them it keeps its meaning.
    editCondition(anchor, { field, leaf, words, view, onInput: put, onRemove: leaf ? () => put(null) : undefined, onBack });
  }

  /** @param {Element} anchor @param {string} name */
  function editField(anchor, name) {
    const field = words.field(name);
    const at = findField(tree, name);
    if (at >= 0) return editPart(anchor, at);
    if (field) edit(anchor, field, partsOf(tree).length, null);
  }

  /** @param {Element} anchor */
  function add(anchor) {
    chooseField(anchor, {
      fields: words.fields,
      onChoose: (field) => edit(anchor, field, partsOf(tree).length, null, () => add(anchor)),
      onCombine: combine,
    });
  }

  function combine() {
    openBuilder(tree, { words, view, onApply: change });
  }

  // ---------------------------------------------------------------- quick ones

  function drawQuick() {
    const name = words.field("name") && /** @type {HTMLInputElement} */ (
      el("input", { class: "form-control", type: "search", id: "filter-name", maxlength: 100, placeholder: t("Name contains"), "aria-label": t("Name contains"), autocomplete: "off" })
    );
    name?.addEventListener("input", () => {
      const text = name.value.trim();
      const at = nameAt();
      change(withPart(tree, at < 0 ? partsOf(tree).length : at, text ? { field: "name", op: "contains", value: text } : null), { soon: true });
    });
    const quick = QUICK.map((each) => words.field(each)).filter(Boolean).map((field) =>
      el("button", { class: "btn btn-small filter-quick", type: "button", "data-field": field?.name, "aria-haspopup": "dialog", onclick: (/** @type {MouseEvent} */ event) => editField(/** @type {Element} */ (event.currentTarget), field?.name ?? "") }, field?.label),
    );
    builder.replaceChildren(
      name ?? el("span", { hidden: true }),
      el("div", { class: "filter-quicks", role: "group", "aria-label": t("Quick filters") }, ...quick),
      el("div", { class: "row-line" },
        el("button", { class: "btn grow", type: "button", "aria-haspopup": "dialog", onclick: (/** @type {MouseEvent} */ event) => add(/** @type {Element} */ (event.currentTarget)) }, icon("plus"), t("Add filter")),
        el("button", { class: "btn btn-icon", type: "button", "aria-haspopup": "dialog", "aria-label": t("Combine with and, or, not"), title: t("Combine with and, or, not"), onclick: combine }, icon("adjustments-horizontal"))),
    );
    builder.classList.add("stack");
  }

  const nameAt = () => partsOf(tree).findIndex((part) => isLeaf(part) && part.field === "name" && part.op === "contains");

  /** Bring the quick ones in line with the tree. */
  function showQuick() {
    for (const button of builder.querySelectorAll(".filter-quick")) {
      button.setAttribute("aria-pressed", String(findField(tree, /** @type {HTMLElement} */ (button).dataset.field ?? "") >= 0));
    }
    const name = builder.querySelector("#filter-name");
    if (name instanceof HTMLInputElement && name !== document.activeElement) name.value = partsOf(tree)[nameAt()]?.value ?? "";
  }

  return {
    /** Show a tree that came from elsewhere: the address, the legend, a view. @param {Tree | null} next */
    show(next) {
      // The page shows itself for other reasons, too; that must not undo what is being typed.
      if (timer && same(next, told)) return;
      clearTimeout(timer);
      timer = 0;
      told = tree = next;
      draw();
    },
    /** Open the dialog for groups. */
    combine,
    /** A filter in words. @param {Tree} part */
    words: (part) => words.words(part),
  };
}

/** @param {Tree | null} one @param {Tree | null} other */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
