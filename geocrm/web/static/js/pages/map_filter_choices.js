// @ts-check
/** Values of a field to tick, those most customers have first; searched on the server where there are many. */
import { getJson } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { t } from "../lib/i18n.js";

/** @typedef {import("./map_filter_words.js").Field} Field */

const WAIT_MS = 200;
const FEW = 8;

/**
 * @param {Field} field @param {string} mode @param {any} leaf
 * @param {{id: string, words: any, tell: (op: string, value: any) => void}} options
 */
export function createChoices(field, mode, leaf, { id, words, tell }) {
  const single = mode === "at_least" || mode === "eq" || mode === "ne";
  /** @type {Map<string, any>} what is ticked */
  const ticked = new Map([leaf?.value ?? []].flat().map((value) => [String(value), value]));
  const list = el("div", { class: "filter-choices", role: "group", "aria-label": field.label });
  const search = /** @type {HTMLInputElement} */ (
    el("input", { class: "form-control", type: "search", placeholder: t("Search"), "aria-label": t("Search {field}", { field: field.label }), maxlength: 100, hidden: true })
  );
  const tellAll = () => tell(mode, !ticked.size ? null : single ? [...ticked.values()][0] : [...ticked.values()]);

  /** @param {{value: any, label: string, count: number | null}} choice */
  function row(choice) {
    const key = String(choice.value);
    const input = el("input", {
      class: "form-check-input", type: single ? "radio" : "checkbox", name: id, checked: ticked.has(key),
      onchange: (/** @type {Event} */ event) => {
        if (single) ticked.clear();
        if (/** @type {HTMLInputElement} */ (event.target).checked) ticked.set(key, choice.value);
        else ticked.delete(key);
        tellAll();
      },
    });
    const count = choice.count === null || choice.count === undefined ? null : el("span", { class: "num muted small" }, formatNumber(choice.count));
    return el("label", { class: "form-check filter-choice" }, input, el("span", { class: "form-check-label grow truncate" }, choice.label), count);
  }

  /** What is ticked stays in sight, whatever is searched. @param {Array<{value: any, label: string, count: number | null}>} items */
  function fill(items) {
    const there = new Set(items.map((item) => String(item.value)));
    const kept = [...ticked].filter(([key]) => !there.has(key)).map(([, value]) => ({ value, label: words.nameOf(field.name, value), count: null }));
    const first = items.filter((item) => ticked.has(String(item.value)));
    const others = items.filter((item) => !ticked.has(String(item.value)));
    list.replaceChildren(...[...kept, ...first, ...others].map(row));
    if (!kept.length && !items.length) list.append(el("p", { class: "muted small filter-nothing" }, t("Nothing found")));
  }

  let timer = 0;
  let asking = 0;
  async function ask() {
    const mine = (asking += 1);
    const q = search.value.trim();
    const answer = await getJson(`/api/v1/filters/fields/${field.name}/choices`, { query: { q }, quiet: true }).catch(() => ({ items: [] }));
    if (mine !== asking) return;
    for (const item of answer.items) words.learn(field.name, item.value, item.label);
    if (!q && answer.items.length > FEW) search.hidden = false;
    fill(answer.items);
  }

  if (field.asks) {
    list.append(...[80, 65, 72].map((width) => {
      const bone = el("div", { class: "skeleton filter-bone" });
      bone.style.width = `${width}%`;
      return bone;
    }));
    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(ask, WAIT_MS);
    });
    ask();
  } else fill(field.choices);
  return el("div", { class: "stack" }, search, list);
}
