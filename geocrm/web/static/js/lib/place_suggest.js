// @ts-check
/**
 * Suggestions below an address field while one types. Arrows move, Enter or a tap takes one, Escape
 * closes; who never looks at the list types as before. Asks GET /api/v1/places/suggest for
 *   {"items": [{"label", "detail", "kind", "grade", "lon", "lat", "zoom", "parts": {...}}]}.
 */
import { getJson } from "./api.js";
import { el, icon } from "./dom.js";
import { t, tn } from "./i18n.js";
import { symbolOf } from "./place_symbols.js";

const WAIT_MS = 160;
const SHORTEST = 3;
/** Parts of an address from the narrowest to the widest. */
export const PARTS = /** @type {const} */ (["house_number", "street", "village", "district", "city", "region", "country"]);

/** @typedef {{label: string, detail: string, kind: string, grade: string, lon: number, lat: number, zoom: number, parts: Record<string, string>}} Suggestion */
/** @typedef {{lon: number, lat: number, zoom: number}} View */

/**
 * @param {HTMLInputElement | HTMLTextAreaElement} field
 * @param {{view?: () => View | null, country?: () => string, shortest?: number, ask?: (q: string, signal: AbortSignal) => Promise<any[]>, onChoose: (found: any) => void}} options
 *   ask: what else to suggest than places, each with a label and maybe a detail and a kind
 */
export function bindPlaceSuggest(field, options) {
  const box = new Suggestions(field, options);
  field.addEventListener("input", () => box.later());
  field.addEventListener("keydown", (event) => box.key(/** @type {KeyboardEvent} */ (event)));
  field.addEventListener("blur", () => box.close());
}

/**
 * Put a suggestion into a form. Parts narrower than what was chosen stay as they were typed: who
 * chooses a village keeps the street.
 * @param {HTMLFormElement} form @param {Record<string, string>} parts
 */
export function fillParts(form, parts) {
  const narrowest = PARTS.findIndex((name) => parts[name]);
  if (narrowest < 0) return;
  for (const name of PARTS.slice(narrowest)) setField(form, name, parts[name] ?? "");
  setField(form, "postcode", parts.postcode ?? "");
}

/** @param {HTMLFormElement} form @param {string} name @param {string} value */
export function setField(form, name, value) {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = value;
}

class Suggestions {
  /** @param {HTMLInputElement | HTMLTextAreaElement} field @param {Parameters<typeof bindPlaceSuggest>[1]} options */
  constructor(field, options) {
    this.field = field;
    this.options = options;
    this.at = -1;
    this.timer = 0;
    this.abort = new AbortController();
    /** @type {Suggestion[]} */
    this.items = [];
    const id = `${field.id || field.name}-suggestions`;
    this.list = el("div", { class: "suggest-list", id, role: "listbox", "aria-label": t("Suggestions"), hidden: true });
    this.status = el("div", { class: "visually-hidden", role: "status" });
    const frame = el("div", { class: "suggest" });
    field.replaceWith(frame);
    frame.append(field, this.list, this.status);
    this.describe(id);
    // The list takes no focus, so that the field keeps it and its keyboard stays on a phone.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  /** A field of several lines is no combobox by the rules; it may still say that it suggests. @param {string} id */
  describe(id) {
    const about = { autocomplete: "off", "aria-autocomplete": "list", "aria-controls": id, "aria-haspopup": "listbox" };
    for (const [name, value] of Object.entries(about)) this.field.setAttribute(name, value);
    if (this.field instanceof HTMLInputElement) {
      this.field.setAttribute("role", "combobox");
      this.field.setAttribute("aria-expanded", "false");
    }
  }

  later() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    const q = this.field.value.replace(/\s+/g, " ").trim();
    this.abort.abort();
    if (q.length < (this.options.shortest ?? SHORTEST)) return this.close();
    this.abort = new AbortController();
    const { signal } = this.abort;
    try {
      const items = await (this.options.ask ?? this.places)(q, signal);
      if (!signal.aborted && document.activeElement === this.field) this.show(items);
    } catch {
      // Suggestions are a help; without them the field is an ordinary one.
      if (!signal.aborted) this.close();
    }
  }

  /** @param {string} q @param {AbortSignal} signal @returns {Promise<Suggestion[]>} */
  places = async (q, signal) => {
    const query = { q, ...this.options.view?.(), country: this.options.country?.() };
    return (await getJson("/api/v1/places/suggest", { query, signal, quiet: true })).items;
  };

  /** @param {Suggestion[]} items */
  show(items) {
    this.items = items;
    this.at = -1;
    this.list.replaceChildren(...items.map((item, index) => this.option(item, index)));
    this.status.textContent = items.length ? tn("{n} suggestion", "{n} suggestions", { n: items.length }) : t("No suggestions");
    this.expand(items.length > 0);
  }

  /** @param {Suggestion} item @param {number} index */
  option(item, index) {
    const words = el("span", { class: "grow suggest-words" }, el("span", {}, item.label), item.detail ? el("small", {}, item.detail) : null);
    const about = { class: "menu-item search-hit", id: `${this.list.id}-${index}`, role: "option", "aria-selected": "false" };
    return el("div", { ...about, onclick: () => this.choose(index) }, icon(symbolOf(item.kind, "places")), words);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (this.list.hidden || event.isComposing) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) this.mark((this.at + step + this.items.length + (this.at < 0 && step < 0 ? 1 : 0)) % this.items.length);
    else if (event.key === "Enter" && this.at >= 0) this.choose(this.at);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} at */
  mark(at) {
    this.at = at;
    [...this.list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    this.list.children[at].scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", this.list.children[at].id);
  }

  /** @param {number} index */
  choose(index) {
    const item = this.items[index];
    this.close();
    this.options.onChoose(item);
    this.status.textContent = t("{place} was filled in", { place: item.label });
  }

  close() {
    clearTimeout(this.timer);
    this.abort.abort();
    this.expand(false);
  }

  /** @param {boolean} open */
  expand(open) {
    this.list.hidden = !open;
    if (this.field instanceof HTMLInputElement) this.field.setAttribute("aria-expanded", String(open));
    this.field.removeAttribute("aria-activedescendant");
  }
}
