// @ts-check
/**
 * One thing done to all customers that are meant: the bar with its buttons, the dialog with the
 * preview, the card with progress, undo and what was left alone.
 */
import { getJson, postJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { FIELDS, readParams } from "./map_bulk_fields.js";

/**
 * @typedef {{filter: any, ids: number[] | null, count: number | null}} Meant
 *   a list of ids, or all that a filter tree takes (null: everybody); `count` where it is known
 * @typedef {{total: number, changed: number, unchanged: number, refused: number, stops: string | null,
 *   reasons: {words: string, count: number}[], fingerprint: string}} Preview
 */

const EVERY_MS = 700;
const SETTLE_MS = 250;
const AT_WORK = ["preparing", "running", "undoing"];
const ICONS = { owner: "user", tag: "tag", segment: "chart-donut", audience: "speakerphone", visits: "route", export: "download", delete: "trash" };
/** Only the first ones have a button of their own on a phone. */
const SHOWN_ON_PHONE = 2;

/** @type {Record<string, {button: string, title: string, go: string}>} */
const WORDS = {
  owner: { button: t("Owner"), title: t("Assign owner"), go: t("Assign owner") },
  tag: { button: t("Tag"), title: t("Add or remove tags"), go: t("Change tags") },
  segment: { button: t("Segment"), title: t("Set segment"), go: t("Set segment") },
  audience: { button: t("Audience"), title: t("Save as audience"), go: t("Save audience") },
  visits: { button: t("Plan visits"), title: t("Plan visits"), go: t("Plan visits") },
  export: { button: t("Export"), title: t("Export"), go: t("Export") },
  delete: { button: t("Delete"), title: t("Delete customers"), go: t("Delete") },
};

/** @type {Promise<any> | null} */
let choices = null;

/** What may be done and chosen; asked for once a page. */
function askChoices() {
  choices ??= getJson("/api/v1/bulk/choices").catch((error) => {
    choices = null;
    throw error;
  });
  return choices;
}

/**
 * The bar in `container`: hidden while nobody is meant.
 * @param {HTMLElement} container
 * @param {{meant: () => Meant, page: any, onDone?: () => void, onClear?: () => void}} options
 *   `onClear` gives the bar a button that ends the selection
 * @returns {{show: () => Promise<void>}} `show` after every change of who is meant
 */
export function createBulk(container, { meant, onDone, onClear }) {
  const words = el("strong", { class: "bulk-count", role: "status" });
  const buttons = el("div", { class: "bulk-buttons-row" });
  const bar = el("div", { class: "bulk-bar", role: "toolbar", "aria-label": t("For all selected customers") }, words, buttons);
  container.append(bar);
  bar.hidden = true;
  return {
    async show() {
      const { ids, count } = meant();
      bar.hidden = count === 0;
      if (bar.hidden) return;
      words.textContent = ids
        ? tn("{n} selected", "{n} selected", { n: ids.length })
        : count === null ? t("All matching") : t("All {n} matching", { n: formatNumber(count) });
      if (!buttons.childElementCount) {
        const may = await askChoices();
        if (!buttons.childElementCount) buttons.append(...controls(may.actions, (name) => openAction(name, { meant, onDone }), onClear));
      }
    },
  };
}

/** @param {string[]} actions @param {(name: string) => void} open @param {(() => void) | undefined} onClear */
function controls(actions, open, onClear) {
  const button = (/** @type {string} */ name, /** @type {string} */ extra) =>
    el("button", { class: `btn ${extra}`, type: "button", "data-bulk": name, onclick: () => open(name) }, icon(ICONS[/** @type {keyof typeof ICONS} */ (name)], "i-s"), el("span", {}, WORDS[name].button));
  const first = actions.map((name, at) => button(name, `${at < SHOWN_ON_PHONE ? "" : "not-phone"}${name === "delete" ? " bulk-danger" : ""}`.trim()));
  const rest = actions.slice(SHOWN_ON_PHONE);
  const menu = rest.length
    ? el("details", { class: "menu only-phone" },
        el("summary", { class: "btn btn-icon", "aria-label": t("More actions") }, icon("dots")),
        el("div", { class: "menu-list" }, ...rest.map((name) =>
          el("button", { class: "menu-item", type: "button", "data-bulk-menu": name, onclick: (/** @type {Event} */ event) => {
            /** @type {HTMLElement} */ (event.currentTarget).closest("details")?.removeAttribute("open");
            open(name);
          } }, icon(ICONS[/** @type {keyof typeof ICONS} */ (name)]), WORDS[name].title))))
    : null;
  const past = el("a", { class: "btn btn-ghost btn-icon", href: "/bulk", "aria-label": t("Earlier bulk actions"), title: t("Earlier bulk actions") }, icon("history", "i-s"));
  const clear = onClear
    ? el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("End the selection"), title: t("End the selection"), onclick: onClear }, icon("x", "i-s"))
    : null;
  return [...first, menu, past, clear].filter((each) => each !== null);
}

/**
 * The dialog of one action.
 * @param {string} name
 * @param {{meant: () => Meant, onDone?: () => void}} options
 */
async function openAction(name, { meant, onDone }) {
  const may = await askChoices();
  const whom = frozen(meant());
  const fields = FIELDS[name](may);
  const told = el("div", { class: "bulk-told", role: "status" });
  const sure = name === "delete" ? sureField() : null;
  const go = /** @type {HTMLButtonElement} */ (
    el("button", { class: name === "delete" ? "btn btn-danger" : "btn btn-primary", type: "submit", disabled: true }, WORDS[name].go)
  );
  const form = /** @type {HTMLFormElement} */ (
    el("form", { class: "stack bulk-form", autocomplete: "off" },
      el("h2", { class: "h3", id: "bulk-title" }, WORDS[name].title),
      ...fields, told, sure?.box,
      el("div", { class: "form-actions" }, go, el("button", { class: "btn btn-ghost", type: "button", onclick: () => box.close() }, t("Cancel"))))
  );
  const box = /** @type {HTMLDialogElement} */ (el("dialog", { class: "modal-box bulk-dialog", "aria-labelledby": "bulk-title" }, form));
  const asked = { action: name, ...whom };
  const preview = follow(form, told, asked, (found) => {
    sure?.expect(found?.changed ?? 0);
    go.disabled = !found || found.stops !== null || found.changed === 0 || (sure !== null && !sure.isMet());
  });
  sure?.box.addEventListener("input", () => {
    const found = preview.found();
    go.disabled = !found || found.stops !== null || found.changed === 0 || !sure.isMet();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const found = preview.found();
    if (go.disabled || !found) return;
    go.disabled = true;
    const key = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    try {
      const run = await postJson("/api/v1/bulk", { ...asked, params: readParams(name, form), fingerprint: found.fingerprint, key });
      box.close();
      watch(run.id, name, onDone);
    } catch (error) {
      // The sentence was shown; what is meant may be others by now, so count anew.
      preview.ask();
    }
  });
  const before = document.activeElement;
  box.addEventListener("close", () => {
    preview.end();
    box.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  });
  document.body.append(box);
  box.showModal();
  preview.ask();
}

/** @param {Meant} meant what the server is told, as it was when the dialog opened */
function frozen({ filter, ids }) {
  return ids ? { ids } : { filter: filter ?? {} };
}

/**
 * Ask for the preview whenever a choice changed, and show it.
 * @param {HTMLFormElement} form @param {HTMLElement} told @param {any} asked
 * @param {(found: Preview | null) => void} onKnown
 */
function follow(form, told, asked, onKnown) {
  /** @type {Preview | null} */
  let known = null;
  let timer = 0;
  let asking = new AbortController();
  async function ask() {
    clearTimeout(timer);
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    known = null;
    onKnown(null);
    const params = readParams(asked.action, form);
    if (!params) return told.replaceChildren(el("p", { class: "muted" }, t("Choose first; then it says what will change.")));
    told.setAttribute("aria-busy", "true");
    if (!told.childElementCount) told.replaceChildren(el("p", { class: "muted" }, t("Counting …")));
    try {
      known = await postJson("/api/v1/bulk/preview", { ...asked, params }, { signal, quiet: true });
      told.replaceChildren(...tell(asked.action, /** @type {Preview} */ (known)));
      onKnown(known);
    } catch (error) {
      if (signal.aborted) return;
      told.replaceChildren(el("p", { class: "bulk-stop" }, icon("alert-circle", "i-s"), /** @type {Error} */ (error).message));
    }
    told.removeAttribute("aria-busy");
  }
  form.addEventListener("input", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-sure]")) return;
    known = null;
    onKnown(null);
    clearTimeout(timer);
    timer = window.setTimeout(ask, SETTLE_MS);
  });
  return { ask, found: () => known, end: () => (clearTimeout(timer), asking.abort()) };
}

/** @param {string} action @param {Preview} found */
function tell(action, found) {
  if (found.stops !== null) return [el("p", { class: "bulk-stop" }, icon("alert-circle", "i-s"), found.stops)];
  const count = formatNumber(found.changed);
  const heads = /** @type {Record<string, string>} */ ({
    export: t("{n} customers will be in the file", { n: count }),
    audience: t("{n} can be reached and will be in the audience", { n: count }),
    visits: t("{n} can be visited; each day takes as many as fit", { n: count }),
    delete: t("{n} customers will be deleted, with their contacts, notes and orders", { n: count }),
  });
  const rows = [el("p", { class: "bulk-will" }, heads[action] ?? t("{n} will change", { n: count }))];
  const less = [];
  if (found.unchanged) less.push(el("li", {}, tn("{n} already is so", "{n} already are so", { n: found.unchanged })));
  for (const each of found.reasons) less.push(el("li", {}, el("b", {}, formatNumber(each.count)), ` ${each.words}`));
  if (less.length) rows.push(el("ul", { class: "bulk-less" }, ...less));
  if (action === "delete") rows.push(el("p", { class: "hint" }, t("It can be taken back for 30 days.")));
  return rows;
}

/** Deleting wants the number typed. */
function sureField() {
  const label = el("label", { class: "form-label", for: "bulk-sure" });
  const input = /** @type {HTMLInputElement} */ (el("input", { class: "form-control", id: "bulk-sure", inputmode: "numeric", autocomplete: "off", "data-sure": true }));
  let expected = 0;
  return {
    box: el("div", { class: "field" }, label, input),
    expect(/** @type {number} */ count) {
      expected = count;
      label.textContent = t("Type {n} to go on", { n: String(count) });
    },
    isMet: () => expected > 0 && input.value.replace(/\D/g, "") === String(expected),
  };
}

/**
 * The card that says how far a bulk action is, until it is closed.
 * @param {number} id @param {string} action @param {(() => void) | undefined} onDone
 */
export function watch(id, action, onDone) {
  const words = el("div", { class: "grow", role: "status" }, t("Waiting for a worker …"));
  const line = el("span");
  const progress = el("div", { role: "progressbar", "aria-label": t("Progress"), "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0" }, el("div", { class: "progress-line" }, line));
  const buttons = el("div", { class: "row-line bulk-card-buttons" });
  const close = el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Close"), onclick: () => end() }, icon("x", "i-s"));
  const card = el("section", { class: "bulk-card", "aria-label": WORDS[action].title, "data-bulk-card": id }, el("div", { class: "row-line" }, el("strong", { class: "grow truncate" }, WORDS[action].title), close), words, progress, buttons);
  cards().append(card);
  let timer = 0;
  let ended = false;
  let shown = "";
  const end = () => {
    ended = true;
    clearTimeout(timer);
    card.remove();
  };
  const post = (/** @type {string} */ path) => postJson(`/api/v1/bulk/${id}/${path}`).then(look, () => {});
  async function look() {
    clearTimeout(timer);
    const run = await getJson(`/api/v1/bulk/${id}`, { quiet: true }).catch(() => null);
    if (ended) return;
    if (run) draw(run);
    if (!run || AT_WORK.includes(run.state)) timer = window.setTimeout(look, EVERY_MS);
    else if (run.state !== shown && run.state !== "paused") onDone?.();
    shown = run?.state ?? shown;
  }
  function draw(/** @type {any} */ run) {
    const share = run.total ? run.done / run.total : 0;
    const begun = run.state === "preparing" || run.state === "running";
    const working = begun || run.state === "paused";
    progress.hidden = !working;
    line.style.width = `${100 * share}%`;
    progress.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    words.textContent = said(run);
    card.dataset.state = run.state;
    const wanted = `${run.state} ${run.can_resume}`;
    if (card.dataset.buttons === wanted) return;
    card.dataset.buttons = wanted;
    buttons.replaceChildren(...[
      begun && small(t("Pause"), "clock", () => post("pause")),
      run.can_resume && small(t("Go on"), "player-play", () => post("resume")),
      working && small(t("Cancel"), "x", () => post("cancel")),
      run.file && el("a", { class: "btn btn-primary", href: run.file }, icon("download", "i-s"), t("Download")),
      run.audience_id && run.state === "done" && el("a", { class: "btn", href: "/campaigns" }, icon("speakerphone", "i-s"), t("Campaigns")),
      run.can_undo && small(t("Undo"), "arrow-back-up", () => post("undo")),
      run.errors && !working && el("a", { class: "btn btn-ghost", href: run.errors }, icon("file-alert", "i-s"), t("Left alone ({n})", { n: formatNumber(run.failed + run.spared) })),
    ].filter((each) => each instanceof Node));
  }
  look();
}

/** @param {any} run */
function said(run) {
  const n = formatNumber;
  if (run.state === "preparing") return t("Preparing the list of {n} customers …", { n: n(run.total) });
  if (run.state === "running") return t("{done} of {total}", { done: n(run.done), total: n(run.total) });
  if (run.state === "paused") return t("Rests at {done} of {total}", { done: n(run.done), total: n(run.total) });
  if (run.state === "failed") return run.message || t("Stopped with an error");
  if (run.state === "undoing") return t("Taking it back …");
  if (run.state === "undone") return run.spared
    ? t("Taken back: {n}. Changed by somebody since and left alone: {spared}", { n: n(run.undone), spared: n(run.spared) })
    : t("Taken back: {n}", { n: n(run.undone) });
  if (run.state === "cancelled") return t("Cancelled: {n} were changed before", { n: n(run.changed) });
  if (run.action === "export") return t("Done: {n} customers in the file", { n: n(run.changed) });
  return t("Done: {n} changed", { n: n(run.changed) });
}

/** @param {string} words @param {string} symbol @param {() => void} run */
function small(words, symbol, run) {
  return el("button", { class: "btn", type: "button", onclick: run }, icon(symbol, "i-s"), words);
}

function cards() {
  const found = document.getElementById("bulk-cards");
  if (found) return found;
  const made = el("div", { class: "bulk-cards", id: "bulk-cards" });
  document.body.append(made);
  return made;
}
