// @ts-check
/** The short form of filters, the legend's rows and the chips, on the filter's tree. */
import { el, icon, swatch } from "../lib/dom.js";
import { formatMoney, formatNumber } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { UNASSIGNED_COLOUR } from "../lib/palette.js";
import { QUICK } from "./map_state.js";
import { choicesOf, fieldOf, isChosen, partsOf, toggled, treeOf } from "./map_tree.js";

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
  for (const button of document.querySelectorAll("[data-colour]")) {
    button.addEventListener("click", () => change({ colour: /** @type {any} */ (button).dataset.colour }));
  }
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
      for (const button of document.querySelectorAll("[data-colour]")) {
        button.setAttribute("aria-pressed", String(/** @type {any} */ (button).dataset.colour === state.colour));
      }
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

/**
 * Rows of the legend with their counts; a row is a switch of the filter.
 * @param {any} figures without the filter of the legend's own field @param {ViewState} state
 * @param {{segments: Map<string, string>, territories: Map<number, string>}} colours
 * @param {(changes: Partial<ViewState>) => void} change
 */
export function showLegend(figures, state, colours, change) {
  const field = state.colour === "territory" ? "territory" : "segment";
  const rows = [...(field === "segment" ? figures.segments : figures.territories)];
  const choices = choicesOf(state.filter, field);
  if (field === "segment") rows.sort((a, b) => Number(a.value === null) - Number(b.value === null) || String(a.value).localeCompare(String(b.value)));
  const list = byId("legend");
  const focused = document.activeElement?.getAttribute("data-key");
  list.removeAttribute("aria-busy");
  list.replaceChildren(...rows.map((row) => el("li", {}, legendRow(row))));
  if (!rows.length) list.append(el("li", { class: "muted small legend-row" }, t("Nobody fits these filters.")));
  if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-key="${CSS.escape(focused)}"]`))?.focus();

  /** @param {any} row */
  function legendRow(row) {
    const none = field === "segment" ? t("No segment") : t("In no territory");
    const words = row.value === null ? none : field === "segment" ? t("Segment {name}", { name: row.value }) : row.label ?? `${row.value}`;
    const colour = field === "segment" ? colours.segments.get(row.value) : colours.territories.get(Number(row.value));
    const part = row.value === null ? { field, op: "empty", value: true } : { field, op: "in", value: [row.value] };
    return el(
      "button",
      {
        class: "legend-row",
        type: "button",
        "data-key": String(row.value),
        "aria-pressed": String(!choices.length || isChosen(choices, part)),
        onclick: () => change({ filter: toggled(state.filter, field, part) }),
      },
      swatch(colour ?? UNASSIGNED_COLOUR),
      el("span", { class: "truncate" }, words),
      el("span", { class: "num" }, row.count === null ? "<10" : formatNumber(row.count)),
    );
  }
}
