// @ts-check
/** The dialog for conditions in groups: all of, any of, none of, one inside the other. */
import { postJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { createEditor } from "./map_filter_editor.js";
import { isLeaf, partsOf, treeOf } from "./map_filter_tree.js";
import { countWords } from "./map_filter_words.js";

/** @typedef {import("./map_filter_tree.js").Tree} Tree */
/** @typedef {import("./map_filter_tree.js").Leaf} Leaf */
/** @typedef {{join: "and" | "or", not: boolean, parts: Node[]}} Group */
/** @typedef {Group | {leaf: Leaf | null, field: string, not: boolean}} Node */

const WAIT_MS = 350;
const DEEPEST = 15;

/**
 * @param {Tree | null} tree
 * @param {{words: any, view?: () => any, onApply: (tree: Tree | null) => void}} options
 */
export function openBuilder(tree, { words, view, onApply }) {
  const root = groupOf(tree);
  const body = el("div", { class: "builder-body" });
  const count = el("output", { class: "muted grow", "aria-live": "polite" });
  const box = /** @type {HTMLDialogElement} */ (el("dialog", { class: "modal-box builder", "aria-labelledby": "builder-title" }));
  let timer = 0;
  const changed = () => {
    clearTimeout(timer);
    timer = window.setTimeout(ask, WAIT_MS);
  };
  let asking = new AbortController();
  async function ask() {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    count.textContent = t("Counting …");
    try {
      const found = await postJson("/api/v1/accounts/count", { filter: treeFrom(root), exact: true }, { signal, quiet: true });
      count.textContent = [countWords(found), ...found.notes].join(" · ");
    } catch (error) {
      if (!signal.aborted) count.textContent = error instanceof Error ? error.message : String(error);
    }
  }
  const redraw = () => {
    body.replaceChildren(drawGroup(root, null, 1, { words, view, changed, redraw }));
    changed();
  };
  const apply = () => {
    box.close();
    onApply(treeFrom(root));
  };
  box.append(
    el("div", { class: "spread" },
      el("h2", { class: "h2", id: "builder-title" }, t("Combine conditions")),
      el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Close"), onclick: () => box.close() }, icon("x"))),
    body,
    el("div", { class: "row-line builder-foot" }, count,
      el("button", { class: "btn btn-ghost", type: "button", onclick: () => box.close() }, t("Cancel")),
      el("button", { class: "btn btn-primary", type: "button", onclick: apply }, t("Apply"))),
  );
  box.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
  box.addEventListener("close", () => {
    asking.abort();
    clearTimeout(timer);
    box.remove();
  });
  document.body.append(box);
  redraw();
  box.showModal();
}

/** A group of nothing but one group is that group. @param {Tree | null} tree @returns {Group} */
function groupOf(tree) {
  const parts = partsOf(tree);
  const node = tree ? nodeOf(parts.length === 1 ? parts[0] : tree) : null;
  if (node && "parts" in node) return node;
  return { join: "and", not: false, parts: node ? [node] : [] };
}

/** @param {Tree} tree @returns {Node} */
function nodeOf(tree) {
  if (isLeaf(tree)) return { leaf: tree, field: tree.field, not: false };
  if (tree.not) {
    const inner = nodeOf(tree.not);
    // Not of not stays two steps, so that what is sent is what came.
    return inner.not ? { join: "and", not: true, parts: [inner] } : { ...inner, not: true };
  }
  const join = tree.and ? "and" : "or";
  return { join, not: false, parts: tree[join].map(nodeOf) };
}

/** What is still to be filled in is left out. @param {Node} node @returns {Tree | null} */
function treeFrom(node) {
  if (!("parts" in node)) return node.leaf && node.not ? { not: node.leaf } : node.leaf;
  const parts = node.parts.map(treeFrom).filter(Boolean);
  if (!parts.length) return null;
  const tree = parts.length === 1 ? parts[0] : node.join === "and" ? treeOf(parts) : { or: parts };
  return node.not ? { not: tree } : tree;
}

/**
 * @param {Group} group @param {(() => void) | null} remove @param {number} depth
 * @param {{words: any, view?: () => any, changed: () => void, redraw: () => void}} tools
 */
function drawGroup(group, remove, depth, tools) {
  const meaning = /** @type {Array<[string, string]>} */ ([
    ["and", t("All of these hold")],
    ["or", t("Any of these holds")],
    ["not-and", t("Not all of these hold")],
    ["not-or", t("None of these holds")],
  ]);
  const now = `${group.not ? "not-" : ""}${group.join}`;
  const select = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", "aria-label": t("How the group is meant") }));
  for (const [value, words] of meaning) select.append(el("option", { value, selected: value === now }, words));
  select.addEventListener("change", () => {
    group.not = select.value.startsWith("not-");
    group.join = select.value.endsWith("or") ? "or" : "and";
    tools.changed();
  });
  const drop = (/** @type {number} */ at) => {
    group.parts.splice(at, 1);
    tools.redraw();
  };
  const rows = group.parts.map((part, at) =>
    el("li", {}, "parts" in part ? drawGroup(part, () => drop(at), depth + 1, tools) : drawLeaf(part, () => drop(at), tools)),
  );
  const add = (/** @type {Node} */ node) => {
    group.parts.push(node);
    tools.redraw();
  };
  const first = tools.words.fields[0].name;
  return el("div", { class: "builder-group", role: "group", "aria-label": meaning.find(([value]) => value === now)?.[1] },
    el("div", { class: "row-line" }, select, remove ? removeButton(remove, t("Remove the group")) : el("span", {})),
    rows.length ? el("ul", { class: "builder-parts" }, ...rows) : el("p", { class: "muted small" }, t("No condition yet: everybody is meant.")),
    el("div", { class: "row-line" },
      el("button", { class: "btn btn-small", type: "button", onclick: () => add({ leaf: null, field: first, not: false }) }, icon("plus", "i-s"), t("Condition")),
      depth < DEEPEST
        ? el("button", { class: "btn btn-small", type: "button", onclick: () => add({ join: group.join === "and" ? "or" : "and", not: false, parts: [{ leaf: null, field: first, not: false }] }) }, icon("plus", "i-s"), t("Group"))
        : null),
  );
}

/** @param {{leaf: Leaf | null, field: string, not: boolean}} part @param {() => void} remove @param {{words: any, view?: () => any, changed: () => void, redraw: () => void}} tools */
function drawLeaf(part, remove, tools) {
  const fields = tools.words.fields;
  const field = tools.words.field(part.field);
  if (!field) {
    return el("div", { class: "builder-leaf" }, el("span", { class: "grow" }, tools.words.words(part.leaf)), removeButton(remove, t("Remove the condition")));
  }
  const select = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", "aria-label": t("Field") }));
  /** @type {HTMLOptGroupElement | null} */
  let box = null;
  for (const each of fields) {
    if (!box || box.label !== each.group) select.append((box = /** @type {HTMLOptGroupElement} */ (el("optgroup", { label: each.group }))));
    box.append(el("option", { value: each.name, selected: each.name === part.field }, each.label));
  }
  select.addEventListener("change", () => {
    Object.assign(part, { field: select.value, leaf: null });
    tools.redraw();
  });
  const onInput = (/** @type {Leaf | null} */ leaf) => {
    part.leaf = leaf;
    tools.changed();
  };
  const not = el("button", {
    class: "btn btn-small", type: "button", "aria-pressed": String(part.not),
    onclick: (/** @type {MouseEvent} */ event) => {
      part.not = !part.not;
      /** @type {Element} */ (event.currentTarget).setAttribute("aria-pressed", String(part.not));
      tools.changed();
    },
  }, t("Not"));
  const editor = createEditor(field, part.leaf, { words: tools.words, view: tools.view, onInput });
  return el("div", { class: "builder-leaf" }, not, select, editor.node, removeButton(remove, t("Remove the condition")));
}

/** @param {() => void} remove @param {string} words */
function removeButton(remove, words) {
  return el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": words, onclick: remove }, icon("trash"));
}
