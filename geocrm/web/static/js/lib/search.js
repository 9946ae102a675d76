// @ts-check
/**
 * The search at the top: "/" focuses it, arrows move, Enter opens. Asks /api/v1/search?q= for
 *   {"groups": [{"kind", "title", "items": [{"label", "detail", "kind", "url", "lon", "lat"}]}]}.
 * A page that can show a hit itself, such as the map, listens to "search:choose" on the document
 * (detail: the item, and `group`, the kind of its group) and calls preventDefault(); otherwise the
 * hit's page opens.
 */
import { getJson } from "./api.js";
import { el, icon } from "./dom.js";
import { t } from "./i18n.js";
import { symbolOf } from "./place_symbols.js";
import { remember } from "./recent.js";

const WAIT_MS = 180;
const SHORTEST = 2;
/** @typedef {{kind: string, title: string, items: any[]}} Group */
/** @type {() => {lon: number, lat: number, zoom: number} | null} */
let view = () => null;

/** What lies near the view comes first: a page with a map says where it looks. @param {typeof view} looking */
export function searchNear(looking) {
  view = looking;
}

/** What the words may mean, in groups. @param {string} q @param {AbortSignal} signal @returns {Promise<Group[]>} */
export async function findGroups(q, signal) {
  const answer = await getJson("/api/v1/search", { query: { q, ...view() }, signal, quiet: true });
  return (answer.groups ?? []).filter((/** @type {Group} */ group) => group.items.length);
}

/** Whether the page shows the hit itself; otherwise the caller opens its address. @param {any} item @param {string} group */
export function shownByPage(item, group) {
  return !document.dispatchEvent(new CustomEvent("search:choose", { cancelable: true, detail: { ...item, group } }));
}

/** Where a hit is shown: its page, or the map at its place. @param {any} item @returns {string} */
export function addressOf(item) {
  return item.url ?? `/map?at=${item.zoom ?? 13}/${item.lat}/${item.lon}`;
}

/** @param {HTMLInputElement | null} input */
export function bindSearch(input) {
  const list = document.getElementById("search-results");
  if (!input || !list) return;
  const search = new Search(input, list);
  input.addEventListener("input", () => search.later());
  input.addEventListener("keydown", (event) => search.key(event));
  input.addEventListener("focus", () => list.childElementCount && search.show(true));
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && !event.target.closest(".search")) search.show(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || typesIn(event.target)) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

class Search {
  /** @param {HTMLInputElement} input @param {HTMLElement} list */
  constructor(input, list) {
    this.input = input;
    this.list = list;
    this.at = -1;
    this.timer = 0;
    this.abort = new AbortController();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    const q = this.input.value.trim();
    this.abort.abort();
    if (q.length < SHORTEST) {
      this.list.replaceChildren();
      this.show(false);
      return;
    }
    this.abort = new AbortController();
    const { signal } = this.abort;
    try {
      this.fill(await findGroups(q, signal));
    } catch (error) {
      if (!signal.aborted) this.say(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {Group[]} groups */
  fill(groups) {
    this.at = -1;
    this.list.replaceChildren();
    if (!groups.length) return this.say(t("Nothing found for “{q}”.", { q: this.input.value.trim() }));
    for (const group of groups) {
      this.list.append(el("div", { class: "search-group overline", role: "presentation" }, group.title));
      for (const item of group.items) this.list.append(this.hit(item, group.kind));
    }
    this.show(true);
  }

  /** @param {any} item @param {string} kind */
  hit(item, kind) {
    const id = `search-hit-${this.list.childElementCount}`;
    const words = el("span", { class: "grow truncate" }, item.label, " ", item.detail && el("small", {}, item.detail));
    return el(
      "a",
      {
        class: "menu-item search-hit",
        id,
        role: "option",
        "aria-selected": "false",
        tabindex: -1,
        href: addressOf(item),
        onclick: (/** @type {MouseEvent} */ event) => {
          remember(item, kind);
          if (shownByPage(item, kind)) event.preventDefault();
          this.show(false);
        },
      },
      icon(symbolOf(item.kind, kind)),
      words,
    );
  }

  /** @param {string} text */
  say(text) {
    this.list.replaceChildren(el("div", { class: "search-group muted" }, text));
    this.show(true);
  }

  /** @param {boolean} open */
  show(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (!open) this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const hits = /** @type {HTMLElement[]} */ ([...this.list.querySelectorAll('[role="option"]')]);
    if (event.key === "Escape") {
      this.show(false);
      this.input.blur();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && hits.length) {
      event.preventDefault();
      this.show(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.mark(hits, (this.at + step + hits.length) % hits.length);
    } else if (event.key === "Enter" && hits.length) {
      event.preventDefault();
      hits[Math.max(this.at, 0)].click();
    }
  }

  /** @param {HTMLElement[]} hits @param {number} at */
  mark(hits, at) {
    this.at = at;
    hits.forEach((hit, index) => hit.setAttribute("aria-selected", String(index === at)));
    hits[at].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", hits[at].id);
  }
}

/** @param {EventTarget | null} target */
function typesIn(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
