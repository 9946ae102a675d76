// @ts-check
/** The form that makes a draft of a plan file, and opens it. */
import { postJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

const form = /** @type {HTMLFormElement} */ (byId("bring"));
const file = /** @type {HTMLInputElement} */ (form.elements.namedItem("file"));
const name = /** @type {HTMLInputElement} */ (form.elements.namedItem("name"));
const level = /** @type {HTMLSelectElement} */ (byId("field-level"));
const within = /** @type {HTMLSelectElement} */ (byId("field-within"));
const start = /** @type {HTMLButtonElement} */ (byId("start"));

level.addEventListener("change", offerAreas);
offerAreas();

file.addEventListener("change", () => {
  if (!name.value && file.files?.[0]) name.value = file.files[0].name.replace(/\.\w+$/, "");
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  start.disabled = true;
  byId("refused").replaceChildren();
  try {
    const made = await postJson("/api/v1/territories/plans/import", new FormData(form), { quiet: true });
    const draft = `/territories/${made.plan_id}`;
    if (made.notes.length) sayFirst(made.notes, draft);
    else location.assign(draft);
  } catch (error) {
    const words = /** @type {Error} */ (error).message;
    byId("refused").replaceChildren(el("div", { class: "notice notice-bad" }, icon("alert-circle"), el("div", { class: "grow" }, words)));
    start.disabled = false;
  }
});

/** The draft is made; what its maker should know of it comes first. @param {string[]} notes @param {string} draft */
function sayFirst(notes, draft) {
  byId("refused").replaceChildren(el("div", { class: "notice notice-warn", role: "status" }, icon("alert-triangle"),
    el("div", { class: "grow stack" }, ...notes.map((words) => el("p", {}, `${words}.`)), el("a", { class: "btn", href: draft, id: "open-draft" }, t("Open the draft")))));
}

/** Only areas that hold units of the chosen level. */
function offerAreas() {
  for (const option of within.options) {
    const fits = !option.value || option.dataset.level === level.value;
    option.hidden = !fits;
    option.disabled = !fits;
  }
  if (within.selectedOptions[0]?.disabled) within.value = "";
}

/** @param {string} id @returns {HTMLElement} */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`No #${id}`);
  return found;
}
