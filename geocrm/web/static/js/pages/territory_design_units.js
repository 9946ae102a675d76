// @ts-check
/** Units chosen by name, as chips: those that stay, go together, or lie apart. */
import { getJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { bindPlaceSuggest } from "../lib/place_suggest.js";
import { t } from "../lib/i18n.js";

/** @typedef {{code: string, label: string}} Chosen */
/** @typedef {() => {level: string, within: string | null}} Ground */

let fields = 0;

/**
 * A field that suggests units; what is chosen becomes a chip, or goes to `onChoose`.
 * @param {string} label @param {(q: string, signal: AbortSignal) => Promise<any[]>} ask
 * @param {(found: any) => void} onChoose
 */
export function suggestField(label, ask, onChoose) {
  const id = `choose-${(fields += 1)}`;
  const input = /** @type {HTMLInputElement} */ (el("input", { class: "form-control", id, type: "text", placeholder: t("Type a name …") }));
  const field = el("div", { class: "field" }, el("label", { for: id }, label), input);
  bindPlaceSuggest(input, { ask, shortest: 2, onChoose: (found) => {
    input.value = "";
    onChoose(found);
  } });
  // Enter takes a suggestion and never starts the design.
  input.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  return field;
}

/** Suggests units of the ground. @param {Ground} ground */
export function unitsLike(ground) {
  return async (/** @type {string} */ q, /** @type {AbortSignal} */ signal) => {
    const { items } = await getJson("/api/v1/territories/designs/units", { query: { q, ...ground() }, signal, quiet: true });
    return items.map((/** @type {any} */ unit) => ({ label: unit.name, detail: unit.parent, kind: "region", code: unit.code }));
  };
}

/** Suggests customers. */
export async function customersLike(/** @type {string} */ q, /** @type {AbortSignal} */ signal) {
  const { groups } = await getJson("/api/v1/search", { query: { q }, signal, quiet: true });
  return groups.find((/** @type {any} */ group) => group.kind === "accounts")?.items ?? [];
}

/** Chips of what was chosen. @param {() => void} onChange */
export function createChips(onChange) {
  /** @type {Chosen[]} */
  let chosen = [];
  const place = el("div", { class: "design-chips" });

  function show() {
    place.replaceChildren(...chosen.map((one) => el("span", { class: "chip" }, one.label,
      el("button", { type: "button", "aria-label": t("Remove {name}", { name: one.label }), onclick: () => set(chosen.filter((other) => other !== one)) }, icon("x", "i-s")))));
    place.hidden = !chosen.length;
  }

  /** @param {Chosen[]} next */
  function set(next) {
    chosen = next;
    show();
    onChange();
  }
  show();
  return {
    place,
    get codes() {
      return chosen.map(({ code }) => code);
    },
    /** @param {Chosen} one */
    add(one) {
      if (!chosen.some(({ code, label }) => code === one.code && label === one.label)) set([...chosen, one]);
    },
    clear: () => set([]),
  };
}

/** The unit with this code, by its name. @param {string} code @param {Ground} ground @returns {Promise<Chosen>} */
export async function named(code, ground) {
  const { items } = await getJson("/api/v1/territories/designs/units", { query: { q: code, ...ground() }, quiet: true }).catch(() => ({ items: [] }));
  return { code, label: items[0]?.name ?? code };
}

/**
 * Groups of units; each has its own field and chips.
 * @param {HTMLElement} place @param {{words: string, add: string, most?: number, ground: Ground, onChange: () => void}} options
 */
export function createGroups(place, { words, add, most = Infinity, ground, onChange }) {
  /** @type {{row: HTMLElement, chips: ReturnType<typeof createChips>}[]} */
  const groups = [];
  const list = el("div", { class: "stack" });
  const button = el("button", { class: "btn btn-ghost", type: "button", onclick: () => begin().row.querySelector("input")?.focus() }, icon("plus"), add);
  place.replaceChildren(list, el("div", {}, button));

  function begin() {
    const chips = createChips(onChange);
    const field = suggestField(words, unitsLike(ground), (found) => chips.codes.length < most && chips.add({ code: found.code, label: found.label }));
    const remove = el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Remove this group") }, icon("trash", "i-s"));
    const group = { row: el("div", { class: "design-group" }, el("div", { class: "grow stack" }, field, chips.place), remove), chips };
    remove.addEventListener("click", () => {
      groups.splice(groups.indexOf(group), 1);
      group.row.remove();
      onChange();
    });
    groups.push(group);
    list.append(group.row);
    return group;
  }

  return {
    /** Groups of two or more. @returns {string[][]} */
    get codes() {
      return groups.map(({ chips }) => chips.codes).filter((codes) => codes.length > 1);
    },
    /** @param {string[][]} given */
    async set(given) {
      for (const codes of given) {
        const { chips } = begin();
        for (const one of await Promise.all(codes.map((code) => named(code, ground)))) chips.add(one);
      }
    },
    clear() {
      for (const { row } of groups.splice(0)) row.remove();
      onChange();
    },
  };
}
