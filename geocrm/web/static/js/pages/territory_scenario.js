// @ts-check
/** Unsaved changes as a draft of their own; also those of a plan that cannot be changed any more. */
import { postJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { openDrawer } from "../lib/drawer.js";
import { t, tn } from "../lib/i18n.js";
import { section } from "./territory_details.js";
import { forget, keptOf } from "./territory_keep.js";

/** @param {string} planName @param {(name: string) => Promise<void>} make its refusal has shown its sentence already */
export function askForName(planName, make) {
  const name = /** @type {HTMLInputElement} */ (el("input", { class: "form-control", id: "scenario-name", maxlength: 120, required: true, value: t("{name} (scenario)", { name: planName }).slice(0, 120) }));
  const form = el("form", { class: "stack" },
    el("p", { class: "muted" }, t("A new draft with your changes. This plan stays as it was saved.")),
    el("div", { class: "field" }, el("label", { for: "scenario-name" }, t("Name of the draft")), name),
    el("div", { class: "form-actions" }, el("button", { class: "btn btn-primary" }, icon("copy"), t("Save as scenario"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    make(name.value).catch((/** @type {unknown} */ error) => console.debug(error));
  });
  openDrawer({ title: t("Save as scenario"), content: section(form) });
  name.select();
}

/**
 * Somebody else ended the planning while this page was open.
 * @param {HTMLElement} place @param {number} unsaved @param {() => void} saveAs
 */
export function sayClosed(place, unsaved, saveAs) {
  const words = [t("This plan is no longer being planned: somebody submitted it, or made it live.")];
  if (unsaved) words.push(t("Your changes are still here; keep them as a draft of their own."));
  place.hidden = false;
  place.replaceChildren(notice(words.join(" "),
    unsaved ? button("copy", t("Save as scenario …"), saveAs) : null,
    button("refresh", t("Load the page again"), () => location.reload())));
}

/**
 * Work that was not saved when the plan left the hands of those who plan: as a draft, or not at all.
 * @param {HTMLElement} place @param {{id: number, name: string}} plan @param {string} api @param {number} version
 */
export function offerKept(place, plan, api, version) {
  const kept = keptOf(plan.id);
  const units = Object.values(kept?.assign ?? {}).reduce((sum, codes) => sum + codes.length, 0);
  if (!kept || !units) return;
  const { assign, add, remove } = kept;
  const saveAs = () => askForName(plan.name, async (name) => {
    const made = await postJson(`${api}/drafts`, { version, name, assign, add, remove });
    forget(plan.id);
    location.assign(`/territories/${made.plan_id}`);
  });
  const drop = () => {
    forget(plan.id);
    place.hidden = true;
  };
  place.hidden = false;
  place.replaceChildren(notice(tn("You moved {n} unit of this plan and did not save it before the planning ended.", "You moved {n} units of this plan and did not save them before the planning ended.", { n: units }),
    button("copy", t("Save as scenario …"), saveAs), button("trash", t("Forget them"), drop)));
}

/** @param {string} words @param {(Node | null)[]} buttons */
function notice(words, ...buttons) {
  return el("div", { class: "notice notice-warn" }, icon("alert-triangle"), el("div", { class: "grow stack" }, el("p", {}, words), el("div", { class: "row-line" }, ...buttons)));
}

/** @param {string} symbol @param {string} words @param {() => void} run */
function button(symbol, words, run) {
  return el("button", { class: "btn", type: "button", onclick: run }, icon(symbol), words);
}
