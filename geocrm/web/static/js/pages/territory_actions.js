// @ts-check
/** What one does with a plan as a whole: name it, compare it, make it live, take it back, copy it. */
import { deleteJson, getJson, patchJson, postJson } from "../lib/api.js";
import { confirm } from "../lib/confirm.js";
import { closeDrawer, openDrawer } from "../lib/drawer.js";
import { t, tn } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { section } from "./territory_details.js";
import { comparisonView } from "./territory_comparison.js";
import { ended } from "./territory_going_live.js";

/**
 * @param {string} api
 * @param {{version: () => number, save: (change: () => Promise<any>) => Promise<any>, unsaved: () => number, gave: (number: number, userId: number) => void, leads: boolean}} page
 *   `gave`: a territory got somebody; `leads`: the plan decides about customers
 */
export function bindActions(api, { version, save, unsaved, gave, leads }) {
  on("plan-name", "change", renamePlan);
  // After Enter the next letter is a key of the editor again.
  on("plan-name", "keydown", (event) => /** @type {KeyboardEvent} */ (event).key === "Enter" && /** @type {HTMLElement} */ (event.target).blur());
  on("compare", "click", compare);
  on("go-live", "click", goLive);
  on("undo-live", "click", takeBack);
  on("suggest", "click", suggest);
  on("copy", "click", copy);
  on("discard", "click", discard);

  /** Figures of the server would not hold what is only here. */
  function savedFirst() {
    if (unsaved()) toast(t("Save or roll back your changes first."), "warn");
    return unsaved() === 0;
  }

  /** @param {Event} event */
  async function renamePlan(event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const before = field.defaultValue;
    if (!field.value.trim()) {
      field.value = before;
      return toast(t("A plan needs a name"), "bad");
    }
    try {
      await save(() => patchJson(api, { version: version(), name: field.value }));
    } catch (error) {
      field.value = before;
      throw error;
    }
    field.value = field.defaultValue = field.value.trim();
    for (const place of document.querySelectorAll(".topbar-title, .panel-handle .truncate")) place.textContent = field.value;
    document.title = document.title.replace(before, field.value);
    toast(t("Renamed"), "good");
  }

  async function compare() {
    if (!savedFirst()) return null;
    const found = await getJson(`${api}/changes`);
    await openDrawer({ title: t("Compared with live"), content: section(...comparisonView(found, api, leads)) });
    return found;
  }

  async function goLive() {
    const found = await compare();
    if (!found) return;
    const question = !leads ? t("Make this plan live?") : found.changing_hands
      ? tn("{n} customer changes hands. Make this plan live?", "{n} customers change hands. Make this plan live?", { n: found.changing_hands })
      : t("No customer changes hands. Make this plan live?");
    const left = found.left_out
      ? `${tn("{n} customer would be in no territory.", "{n} customers would be in no territory.", { n: found.left_out })} `
      : "";
    if (!(await confirm(left + question, { yes: t("Make live") }))) return;
    const done = await ended(await postJson(`${api}/activate`, { version: version(), instead_of: found.live_plan_id ?? 0 }));
    toast(tn("The plan is live; {n} customer got another territory.", "The plan is live; {n} customers got another territory.", { n: done.accounts }), "good");
    location.reload();
  }

  async function takeBack() {
    if (!(await confirm(t("Everything goes back to how it was before this plan went live. Take it back?"), { danger: true }))) return;
    await postJson(`${api}/undo`);
    location.reload();
  }

  async function suggest() {
    if (!savedFirst()) return;
    const found = await getJson(`${api}/suggestions`);
    const pairs = Object.entries(found.reps);
    if (!pairs.length) {
      toast(t("Every territory has somebody, or no rep has a home on record."), "info");
      return;
    }
    for (const [number, userId] of pairs) {
      await save(() => patchJson(`${api}/territories/${number}`, { version: version(), people: [{ user_id: userId }] }));
      gave(Number(number), Number(userId));
    }
    closeDrawer();
    toast(tn("{n} territory got a rep.", "{n} territories got a rep.", { n: pairs.length }), "good");
  }

  async function copy() {
    const made = await postJson(`${api}/copy`);
    location.assign(`/territories/${made.plan_id}`);
  }

  async function discard() {
    if (!(await confirm(t("Delete this draft for good?"), { danger: true, yes: t("Delete") }))) return;
    await deleteJson(api);
    location.assign("/territories");
  }
}

/** @param {string} id @param {string} kind @param {(event: Event) => unknown} run */
export function on(id, kind, run) {
  document.getElementById(id)?.addEventListener(kind, (event) => {
    /** @type {Element} */ (event.target).closest("details.menu")?.removeAttribute("open");
    // A refusal has shown its sentence already.
    Promise.resolve(run(event)).catch((/** @type {unknown} */ error) => console.debug(error));
  });
}
