// @ts-check
/** The picker of saved views at the top of the panel: open, save, share, begin with, delete. */
import { ApiError, deleteJson, getJson, patchJson, postJson, putJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";

/** @typedef {{id: number, name: string, owner: string, mine: boolean, shared: boolean, default_for_role: string | null, state: Record<string, any>, version: number}} View */

// Where the map looks is saved, but looking elsewhere is no change of the view.
const PASSING = new Set(["at", "view"]);

/**
 * @param {HTMLElement} container
 * @param {{current: () => Record<string, any>, onOpen: (state: Record<string, any>, id: number | null) => void, onNumber: (id: number | null) => void, everything?: Record<string, any>, roles?: Record<string, string>, start?: number | null}} options
 *   onOpen: show this state, and remember the view's number; onNumber: what is shown stays, only the
 *   number is another; `everything`: the state of a fresh page;
 *   roles: for whom the person may choose what they begin with; start: the view that is open already
 */
export function createViews(container, { current, onOpen, onNumber, everything = {}, roles = {}, start = null }) {
  /** @type {View[]} */
  let views = [];
  /** @type {View | null} */
  let opened = null;
  const name = el("span", { class: "grow truncate" }, t("All customers"));
  const dot = el("span", { class: "view-dot", title: t("Changed since it was saved"), role: "img", "aria-label": t("Changed since it was saved"), hidden: true });
  const list = el("div", { class: "menu-list view-list" });
  const menu = /** @type {HTMLDetailsElement} */ (
    el("details", { class: "menu view-menu" }, el("summary", { class: "btn btn-wide view-name" }, icon("stack-2"), el("span", { class: "visually-hidden" }, t("Saved views")), name, dot, icon("chevron-down", "i-s")), list)
  );
  const save = el("button", { class: "btn btn-primary", type: "button", onclick: saveNow }, t("Save"));
  container.classList.add("view-bar");
  container.append(menu, save);
  menu.addEventListener("toggle", () => menu.open && drawList());
  const loaded = load();

  async function load() {
    const answer = await getJson("/api/v1/views", { quiet: true }).catch(() => ({ items: [] }));
    views = answer.items;
    opened = views.find((view) => view.id === (opened?.id ?? start)) ?? null;
    show();
  }

  const isChanged = () => !sameState(current(), opened?.state ?? everything);

  function show() {
    const changed = isChanged();
    name.textContent = opened?.name ?? (changed ? t("Not saved yet") : t("All customers"));
    dot.hidden = !changed;
    save.hidden = !changed;
    save.textContent = opened?.mine ? t("Save") : t("Save as …");
  }

  // ---------------------------------------------------------------- the menu

  function drawList() {
    const item = (/** @type {View} */ view) =>
      el("button", { class: "menu-item", type: "button", "aria-current": view.id === opened?.id ? "true" : null, onclick: () => open(view) },
        icon(view.id === opened?.id ? "check" : view.shared ? "users" : "user"),
        el("span", { class: "grow view-item" }, el("span", {}, view.name), el("small", { class: "muted" }, noteOf(view))));
    const all = el("button", { class: "menu-item", type: "button", onclick: () => open(null) }, icon(opened ? "world" : "check"), t("All customers"));
    list.replaceChildren(all, ...views.map(item), el("div", { class: "menu-rule" }), ...actions());
  }

  /** @param {View} view */
  function noteOf(view) {
    const notes = [
      view.mine ? (view.shared ? t("shared by you") : "") : t("by {name}", { name: view.owner }),
      view.default_for_role && roles[view.default_for_role] ? t("{role} begin with it", { role: roles[view.default_for_role] }) : "",
    ];
    return notes.filter(Boolean).join(" · ");
  }

  function actions() {
    const action = (/** @type {string} */ symbol, /** @type {string} */ words, /** @type {() => any} */ run) =>
      el("button", { class: "menu-item", type: "button", onclick: () => { menu.open = false; run(); } }, icon(symbol), words);
    const view = opened;
    const changed = isChanged();
    const found = [];
    if (view?.mine && changed) found.push(action("device-floppy", t("Save"), saveNow));
    found.push(action("copy", t("Save as …"), saveAs));
    if (view && changed) found.push(action("arrow-back-up", t("Back to what was saved"), () => open(view)));
    if (view) found.push(action("link", t("Copy the link"), () => copyLink(view)));
    if (view?.mine) {
      found.push(action("pencil", t("Rename …"), () => rename(view)));
      if (!view.default_for_role) found.push(action(view.shared ? "lock" : "users", view.shared ? t("Stop sharing") : t("Share with everybody"), () => change(view, { shared: !view.shared })));
    }
    if (view && Object.keys(roles).length) found.push(action("home", t("Who begins with it …"), () => chooseRole(view)));
    if (view?.mine) found.push(action("trash", t("Delete"), () => remove(view)));
    return found;
  }

  // ---------------------------------------------------------------- what they do

  /** @param {View | null} view */
  function open(view) {
    menu.open = false;
    opened = view;
    onOpen(view ? view.state : everything, view?.id ?? null);
    show();
  }

  async function saveNow() {
    if (opened?.mine) await change(opened, { state: kept() });
    else await saveAs();
  }

  const kept = () => Object.fromEntries(Object.entries(current()).filter(([key, value]) => key !== "view" && value !== undefined && value !== ""));

  async function saveAs() {
    const answer = await askName(t("Save the view as"), opened && !opened.mine ? opened.name : "", true);
    if (!answer) return;
    const made = await postJson("/api/v1/views", { ...answer, state: kept() }).catch(() => null);
    if (made) await settle(made, t("Saved"));
  }

  /** @param {View} view */
  async function rename(view) {
    const answer = await askName(t("Name of the view"), view.name, false);
    if (answer) await change(view, { name: answer.name });
  }

  /** @param {View} view @param {Record<string, any>} changes */
  async function change(view, changes) {
    await send(() => patchJson(`/api/v1/views/${view.id}`, { version: view.version, ...changes }));
  }

  /** @param {View} view */
  async function chooseRole(view) {
    const select = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", id: "view-role" }, el("option", { value: "" }, t("Nobody"))));
    for (const [role, words] of Object.entries(roles)) select.append(el("option", { value: role, selected: role === view.default_for_role }, words));
    const ok = await ask(t("Who begins with “{name}”?", { name: view.name }), el("div", { class: "field" }, el("label", { for: "view-role" }, t("Role")), select), el("p", { class: "hint" }, t("They open the map with this view; it is shared with everybody.")));
    if (ok) await send(() => putJson(`/api/v1/views/${view.id}/default`, { version: view.version, role: select.value || null }));
  }

  /** @param {() => Promise<View>} request */
  async function send(request) {
    try {
      await settle(await request(), t("Saved"));
    } catch (error) {
      // Somebody was faster: show what they made of it; what is on the page stays.
      if (error instanceof ApiError && error.status === 409) await load();
    }
  }

  /** @param {View} view @param {string} words */
  async function settle(view, words) {
    opened = view;
    onNumber(view.id);
    await load();
    toast(words, "good");
  }

  /** @param {View} view */
  async function remove(view) {
    await deleteJson(`/api/v1/views/${view.id}`);
    opened = null;
    onNumber(null);
    await load();
    const { name: called, state, shared } = view;
    const undo = async () => settle(await postJson("/api/v1/views", { name: called, state, shared }), t("The view is back"));
    toast(t("“{name}” was deleted", { name: called }), "info", { action: { words: t("Undo"), run: undo } });
  }

  /** @param {View} view */
  async function copyLink(view) {
    await navigator.clipboard.writeText(`${location.origin}${location.pathname}?view=${view.id}`);
    toast(view.shared ? t("The link is copied") : t("The link is copied; share the view, so that others can open it"), "good");
  }

  return {
    /** The state of the page changed. */
    changed: show,
    /** Open the view with this number, when there is one. @param {number} id */
    async open(id) {
      await loaded;
      const view = views.find((each) => each.id === id);
      if (view) open(view);
      else toast(t("This view is not there, or it is not shared with you."), "warn");
    },
  };
}

/** Whether two states show the same; what one leaves out is as it is without. @param {Record<string, any>} one @param {Record<string, any>} other */
function sameState(one, other) {
  const bare = (/** @type {any} */ value) => (value === undefined || value === "" || (Array.isArray(value) && !value.length) ? null : value);
  const keys = new Set([...Object.keys(one), ...Object.keys(other)].filter((key) => !PASSING.has(key)));
  return [...keys].every((key) => sorted(bare(one[key])) === sorted(bare(other[key])));
}

/** As text, with keys in one order: the database keeps its own. @param {any} value @returns {string} */
function sorted(value) {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (!value || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${key}:${sorted(value[key])}`).join()}}`;
}

/** @param {string} title @param {string} value @param {boolean} mayShare @returns {Promise<{name: string, shared?: boolean} | null>} */
async function askName(title, value, mayShare) {
  const input = /** @type {HTMLInputElement} */ (el("input", { class: "form-control", id: "view-title", maxlength: 120, required: true, autocomplete: "off", value }));
  const shared = /** @type {HTMLInputElement} */ (el("input", { class: "form-check-input", type: "checkbox" }));
  const share = mayShare ? el("label", { class: "form-check" }, shared, el("span", { class: "form-check-label" }, t("Share with everybody"))) : null;
  const ok = await ask(title, el("div", { class: "field" }, el("label", { for: "view-title" }, t("Name")), input), share);
  const name = input.value.trim();
  return ok && name ? { name, ...(mayShare ? { shared: shared.checked } : {}) } : null;
}

/** @param {string} title @param {...(Node | null)} content @returns {Promise<boolean>} */
function ask(title, ...content) {
  const no = el("button", { class: "btn btn-ghost", type: "button", onclick: () => box.close() }, t("Cancel"));
  const yes = el("button", { class: "btn btn-primary", value: "yes" }, t("Save"));
  const box = /** @type {HTMLDialogElement} */ (
    el("dialog", { class: "modal-box", "aria-label": title },
      el("form", { method: "dialog", class: "stack" }, el("h2", { class: "h3" }, title), ...content, el("div", { class: "form-actions" }, yes, no)))
  );
  box.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
  document.body.append(box);
  box.showModal();
  /** @type {HTMLElement | null} */ (box.querySelector("input, select"))?.focus();
  return new Promise((resolve) => {
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue === "yes");
    });
  });
}
