// @ts-check
/**
 * Find anything: Ctrl K (or Cmd K) opens it over any page. Customers, contacts, numbers, e-mail
 * addresses, places and territories come from the same search as the box at the top; commands from
 * /api/v1/commands, which names what this person may do. ">" shows commands alone.
 *
 * A page adds commands of its own while it is asked, and does them when they are chosen:
 *   document.addEventListener("command:offer", (event) => event.detail.add([{ id, label, icon, words }]));
 *   document.addEventListener("command:run", (event) => event.detail.id === ... );
 */
import { csrfToken, getJson } from "./api.js";
import { el, icon } from "./dom.js";
import { t } from "./i18n.js";
import { symbolOf } from "./place_symbols.js";
import { forgetAtSignOut, recent, remember } from "./recent.js";
import { addressOf, findGroups, shownByPage } from "./search.js";
import { currentTheme, setTheme } from "./theme.js";

/** @typedef {{id: string, label: string, icon: string, url?: string | null, words?: string}} Command */
/** @typedef {{label: string, detail?: string | null, symbol: string, href?: string, run: () => void}} Entry */

const WAIT_MS = 150;
const SHORTEST = 2;
const COMMANDS_BESIDE_HITS = 4;
/** @type {Promise<Command[]> | null} */
let asked = null;
/** @type {Palette | null} */
let open = null;

export function bindPalette() {
  if (!document.querySelector("#global-search")) return; // nobody is signed in
  forgetAtSignOut();
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (open) open.close();
    else openPalette();
  });
  for (const button of document.querySelectorAll("[data-palette-open]")) {
    button.addEventListener("click", () => openPalette());
  }
}

export function openPalette() {
  if (!open) open = new Palette();
}

/** What the server lets this person do, and what the page adds. @returns {Promise<Command[]>} */
async function commands() {
  asked ??= getJson("/api/v1/commands", { quiet: true }).then((answer) => answer.items);
  /** @type {Command[]} */
  const offered = [];
  document.dispatchEvent(new CustomEvent("command:offer", { detail: { add: (/** @type {Command[]} */ more) => offered.push(...more) } }));
  try {
    return [...offered, ...(await asked)];
  } catch {
    asked = null; // asked again next time
    return offered;
  }
}

class Palette {
  constructor() {
    this.at = -1;
    this.timer = 0;
    this.abort = new AbortController();
    this.list = el("div", { class: "palette-list", id: "palette-list", role: "listbox", "aria-label": t("Results") });
    this.said = el("p", { class: "visually-hidden", role: "status" });
    this.input = /** @type {HTMLInputElement} */ (
      el("input", {
        class: "palette-input", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", maxlength: 100,
        enterkeyhint: "go", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list",
        "aria-label": t("Find anything"), placeholder: t("Customer, number, place …"),
        oninput: () => this.later(),
      })
    );
    this.box = /** @type {HTMLDialogElement} */ (
      el("dialog", { class: "palette", "aria-label": t("Find anything") },
        el("div", { class: "palette-head" },
          icon("search"), this.input,
          el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Close"), onclick: () => this.close() }, icon("x"))),
        this.list,
        el("p", { class: "palette-foot", "aria-hidden": "true" },
          el("span", {}, el("kbd", {}, "↑"), el("kbd", {}, "↓"), " ", t("choose")),
          el("span", {}, el("kbd", {}, "Enter"), " ", t("open")),
          el("span", {}, el("kbd", {}, ">"), " ", t("commands only"))),
        this.said)
    );
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("close", () => this.gone());
    this.box.addEventListener("click", (event) => event.target === this.box && this.close());
    document.body.append(this.box);
    this.box.showModal();
    this.input.focus();
    this.fill();
  }

  close() {
    this.box.close();
  }

  gone() {
    clearTimeout(this.timer);
    this.abort.abort();
    this.box.remove();
    open = null;
  }

  later() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.fill(), WAIT_MS);
  }

  /** Show what the words mean now; an answer that comes late is not shown. */
  async fill() {
    this.abort.abort();
    this.abort = new AbortController();
    const { signal } = this.abort;
    const typed = this.input.value.trim();
    const known = (await commands()).map((command) => ({ command, entry: this.commandEntry(command) }));
    if (signal.aborted) return;
    if (!typed) return this.show([[t("Recent"), recent().map((item) => this.hitEntry(item, item.group))], [t("Commands"), known.map((one) => one.entry)]]);
    const only = typed.startsWith(">");
    const words = folded(only ? typed.slice(1) : typed).split(" ").filter(Boolean);
    const fitting = known.filter(({ command }) => fits(command, words)).map((one) => one.entry);
    if (only || typed.length < SHORTEST) return this.show([[t("Commands"), fitting]]);
    const first = fitting.slice(0, COMMANDS_BESIDE_HITS);
    if (first.length) this.show([[t("Commands"), first]]);
    this.list.setAttribute("aria-busy", "true");
    try {
      const groups = await findGroups(typed, signal);
      if (signal.aborted) return;
      this.show([[t("Commands"), first], ...groups.map((group) => /** @type {[string, Entry[]]} */ ([group.title, group.items.map((item) => this.hitEntry(item, group.kind))]))]);
    } catch (error) {
      if (!signal.aborted) this.say(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {Array<[string, Entry[]]>} groups */
  show(groups) {
    this.at = -1;
    this.list.removeAttribute("aria-busy");
    const filled = groups.filter(([, entries]) => entries.length);
    if (!filled.length) return this.say(t("Nothing found for “{q}”.", { q: this.input.value.trim() }));
    this.list.replaceChildren(...filled.map(([title, entries], index) => this.group(title, entries, index)));
    const options = this.options();
    this.said.textContent = t("{n} results", { n: options.length });
    this.mark(0);
  }

  /** @param {string} title @param {Entry[]} entries @param {number} index */
  group(title, entries, index) {
    const id = `palette-group-${index}`;
    return el("div", { role: "group", "aria-labelledby": id },
      el("div", { class: "palette-title overline", id, role: "presentation" }, title),
      ...entries.map((entry, place) => this.option(entry, `palette-${index}-${place}`)));
  }

  /** @param {Entry} entry @param {string} id */
  option(entry, id) {
    const words = el("span", { class: "grow truncate" }, entry.label);
    const option = el(entry.href ? "a" : "div", { class: "palette-option", id, role: "option", "aria-selected": "false", tabindex: -1, href: entry.href },
      icon(entry.symbol), words, entry.detail ? el("small", { class: "truncate" }, entry.detail) : null);
    option.addEventListener("click", (event) => {
      // With Ctrl or the middle button the address opens in a tab of its own.
      if (entry.href && (event.ctrlKey || event.metaKey || event.button === 1)) return;
      event.preventDefault();
      this.close();
      entry.run();
    });
    option.addEventListener("pointermove", () => this.mark(this.options().indexOf(option), { scroll: false }));
    return option;
  }

  /** @param {any} item @param {string} kind @returns {Entry} */
  hitEntry(item, kind) {
    const href = addressOf(item);
    return {
      label: item.label, detail: item.detail, symbol: symbolOf(item.kind, kind), href,
      run: () => {
        remember(item, kind);
        if (!shownByPage(item, kind)) location.assign(href);
      },
    };
  }

  /** @param {Command} command @returns {Entry} */
  commandEntry(command) {
    const href = command.url ?? undefined;
    return { label: command.label, symbol: command.icon, href, run: () => (href ? location.assign(href) : run(command.id)) };
  }

  options() {
    return /** @type {HTMLElement[]} */ ([...this.list.querySelectorAll('[role="option"]')]);
  }

  /** @param {string} text */
  say(text) {
    this.at = -1;
    this.list.removeAttribute("aria-busy");
    this.input.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(el("p", { class: "palette-empty muted" }, text));
    this.said.textContent = text;
  }

  /** @param {number} at @param {{scroll?: boolean}} [how] */
  mark(at, { scroll = true } = {}) {
    const options = this.options();
    if (at === this.at || !options[at]) return;
    this.at = at;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    if (scroll) options[at].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", options[at].id);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const options = this.options();
    const last = options.length - 1;
    /** @type {Record<string, () => number>} */
    const steps = {
      ArrowDown: () => (this.at + 1) % options.length,
      ArrowUp: () => (this.at <= 0 ? last : this.at - 1),
      PageDown: () => Math.min(this.at + 8, last),
      PageUp: () => Math.max(this.at - 8, 0),
    };
    if (event.key === "Tab") {
      // Two things take the focus: the words and the way out.
      event.preventDefault();
      const closing = /** @type {HTMLElement} */ (this.box.querySelector("button"));
      (document.activeElement === closing ? this.input : closing).focus();
    } else if (options.length && event.key in steps) {
      event.preventDefault();
      this.mark(steps[event.key]());
    } else if (event.key === "Enter" && event.target === this.input && options[this.at]) {
      event.preventDefault();
      options[this.at].click();
    }
  }
}

/** Commands that need no page of their own; what a page added, it does itself. @param {string} id */
function run(id) {
  if (id === "theme") setTheme(currentTheme() === "dark" ? "light" : "dark");
  else if (id.startsWith("language:")) post("/language", { locale: id.slice(9), next: location.pathname + location.search });
  else if (id === "sign-out") /** @type {HTMLFormElement | null} */ (document.querySelector('form[action="/logout"]'))?.requestSubmit();
  else document.dispatchEvent(new CustomEvent("command:run", { detail: { id } }));
}

/** @param {string} action @param {Record<string, string>} fields */
function post(action, fields) {
  const values = Object.entries({ ...fields, csrf_token: csrfToken() });
  const form = /** @type {HTMLFormElement} */ (
    el("form", { method: "post", action, hidden: true }, ...values.map(([name, value]) => el("input", { type: "hidden", name, value })))
  );
  document.body.append(form);
  form.submit();
}

/** Whether each word begins a word of the command. @param {Command} command @param {string[]} words */
function fits(command, words) {
  const own = folded(`${command.label} ${command.words ?? ""}`).split(" ");
  return words.every((word) => own.some((each) => each.startsWith(word)));
}

/** Without capitals, accents and punctuation. @param {string} text */
function folded(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}
