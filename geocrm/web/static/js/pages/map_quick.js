// @ts-check
/** The short form of filters and the chips, on the filter's tree. */
import { el, icon } from "../lib/dom.js";
import { formatMoney } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { QUICK } from "./map_state.js";
import { choicesOf, fieldOf, partsOf, treeOf } from "./map_tree.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {any} page @param {{current: () => ViewState, change: (changes: Partial<ViewState>) => void}} options */
export function createQuickFilters(page, { current, change }) {
  const form = /** @type {HTMLFormElement} */ (byId("filters"));
  let timer = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const field = /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target);
    clearTimeout(timer);
    timer = window.setTimeout(() => change({ filter: withQuick(current().filter, field.name, field.value.trim()) }), 300);
  });
  byId("clear-filters").addEventListener("click", () => change({ filter: null }));
  return {
    /** @param {any} figures of everybody */
    offer(figures) {
      const owners = figures.owners.filter((/** @type {any} */ one) => one.value !== null);
      fillSelect(form, "owner", owners.map((/** @type {any} */ one) => [String(one.value), one.label ?? String(one.value)]), 1);
      const sorted = [...page.territories].sort((a, b) => a.name.localeCompare(b.name));
      fillSelect(form, "territory", sorted.map((one) => [String(one.id), one.name]), 2);
      fillForm(form, current());
    },
    /** @param {ViewState} state */
    show(state) {
      fillForm(form, state);
      byId("clear-filters").hidden = !partsOf(state.filter).length;
      showChips(state, form, change);
    },
  };
}

/** @param {any} tree @param {string} name @param {string} value */
function withQuick(tree, name, value) {
  const { field, part } = QUICK[name];
  const op = part("1")?.op;
  const kept = partsOf(tree).filter((one) => fieldOf(one) !== field || (field === "revenue" && one.op !== op));
  const made = value ? part(value) : null;
  return treeOf(made ? [...kept, made] : kept);
}

/** @param {HTMLFormElement} form @param {ViewState} state */
function fillForm(form, state) {
  const texts = partsOf(state.filter).map((part) => JSON.stringify(part));
  for (const [name, { field, part }] of Object.entries(QUICK)) {
    const control = form.elements.namedItem(name);
    if (control === document.activeElement) continue;
    if (control instanceof HTMLSelectElement) {
      const chosen = [...control.options].find((one) => one.value && texts.includes(JSON.stringify(part(one.value))));
      control.value = chosen?.value ?? "";
    } else if (control instanceof HTMLInputElement) {
      const op = part("1")?.op;
      control.value = String(partsOf(state.filter).find((one) => one.field === field && one.op === op)?.value ?? "");
    }
  }
}

/** @param {HTMLFormElement} form @param {string} name @param {Array<[string, string]>} options @param {number} kept how many of the first stay */
function fillSelect(form, name, options, kept) {
  const select = form.elements.namedItem(name);
  if (!(select instanceof HTMLSelectElement)) return;
  while (select.options.length > kept) select.remove(kept);
  for (const [value, words] of options) select.add(new Option(words, value));
}

/** @param {ViewState} state @param {HTMLFormElement} form @param {(changes: Partial<ViewState>) => void} change */
function showChips(state, form, change) {
  const parts = partsOf(state.filter);
  const bar = byId("chips");
  bar.hidden = !parts.length;
  bar.replaceChildren(
    ...parts.map((part, index) => {
      const words = chipWords(part, form);
      const without = () => change({ filter: treeOf(parts.filter((_, at) => at !== index)) });
      return el("span", { class: "chip" }, words, el("button", { type: "button", "aria-label": t("Without: {filter}", { filter: words }), onclick: without }, icon("x", "i-s")));
    }),
  );
}

/** @param {any} part @param {HTMLFormElement} form */
function chipWords(part, form) {
  const field = fieldOf(part) ?? "";
  const label = form.querySelector(`[for="field-${Object.keys(QUICK).find((name) => QUICK[name].field === field)}"]`)?.textContent ?? field;
  if (field === "segment") return t("Segment {names}", { names: choicesOf({ and: [part] }, field).map((one) => one.value[0] ?? t("no segment")).join(", ") });
  if (field === "revenue") return part.op === "gte" ? t("Revenue from {money}", { money: formatMoney(part.value, { compact: true }) }) : t("Revenue up to {money}", { money: formatMoney(part.value, { compact: true }) });
  const text = JSON.stringify(part);
  const option = [...form.querySelectorAll("option")].find((one) => one.value && JSON.stringify(QUICK[/** @type {HTMLSelectElement} */ (one.parentElement).name].part(one.value)) === text);
  return `${label}: ${option?.textContent ?? [part.value].flat().join(", ")}`;
}
