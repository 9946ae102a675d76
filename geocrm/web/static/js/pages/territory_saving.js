// @ts-check
/** Saving what is pending: as a step of the plan, as a draft of its own, or not at all. */
import { ApiError, postJson } from "../lib/api.js";
import { confirm } from "../lib/confirm.js";
import { t, tn } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { stepOf } from "./territory_merge.js";
import { askForName } from "./territory_scenario.js";

/**
 * What the parts of the workbench share.
 * @typedef {object} Desk
 * @property {string} api
 * @property {any} plan
 * @property {import("./territory_state.js").PlanState} state
 * @property {import("./territory_editor.js").Editor} editor
 * @property {{get: () => number, set: (version: number) => void}} version
 * @property {Map<number, any>} known territories as the server has them
 * @property {import("./territory_merge.js").Clash[]} clashes units that somebody else moved too
 * @property {ReturnType<typeof import("./territory_map.js").drawTerritories> | null} view
 * @property {() => number} unsaved
 * @property {() => void} saveAs
 * @property {boolean} leaving the page is left to come back to it: no need to warn
 * @property {boolean} closed somebody else ended the planning of the plan
 * @property {() => void} redraw everything, after what changed is not known unit by unit
 * @property {() => void} done a step is over
 * @property {(units: Uint32Array) => void} tellWorker
 * @property {(units: number[], closer?: number) => void} lookAt
 * @property {ReturnType<typeof import("./territory_keep.js").createKeeper>} keeper
 */

/** What the server answers to a page whose session or token is over. */
const SIGNED_OUT = [400, 401];

/** Numbers of the territories that the server has. @param {Desk} desk */
const numbers = (desk) => new Set(desk.known.keys());

/** What is shown is what the server has. @param {Desk} desk */
function settle(desk) {
  desk.state.settle();
  desk.known = new Map([...desk.state.territories].map(([number, one]) => [number, { ...one }]));
}

/** @param {Desk} desk @param {{catchUp: () => Promise<void>, askAbout: () => void}} company */
export function createSaving(desk, company) {
  const { api, plan, state, editor, version } = desk;
  /** Takes away what was said of the last save, once another one says otherwise. @type {() => void} */
  let forgive = () => {};

  /** @param {Error} error */
  function say(error) {
    forgive();
    const signedOut = error instanceof ApiError && SIGNED_OUT.includes(error.status);
    forgive = toast(error.message, "bad", signedOut ? { action: { words: t("Load the page again"), run: loadAgain } } : {});
  }

  /** Signing in leads back here, and what is not saved waits in the browser. */
  function loadAgain() {
    desk.keeper.write();
    desk.leaving = true;
    location.reload();
  }

  async function save(again = true) {
    if (!desk.unsaved()) return;
    if (desk.closed) return saveAs();
    if (desk.clashes.length) return company.askAbout();
    try {
      const done = await postJson(`${api}/edits`, { version: version.get(), ...stepOf(state, numbers(desk)) }, { quiet: true });
      version.set(done.version);
      forgive();
      settle(desk);
      desk.redraw();
      desk.keeper.write();
      const words = [tn("{n} unit saved.", "{n} units saved.", { n: done.units })];
      if (done.split.length) words.push(t("In pieces: {names}.", { names: done.split.join(", ") }));
      toast(words.join(" "), done.split.length ? "warn" : "good");
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || !again) {
        say(/** @type {Error} */ (error));
        return;
      }
      await saveOnTop(error);
    }
  }

  /** Somebody was quicker: theirs first, then ours on top, unless both moved one unit. @param {Error} error */
  async function saveOnTop(error) {
    const seen = version.get();
    await company.catchUp();
    if (version.get() === seen) say(error);
    else if (!desk.clashes.length) await save(false);
  }

  async function rollBack() {
    if (!(await confirm(t("Leave all unsaved changes? Undo brings them back."), { yes: t("Roll back"), danger: true }))) return;
    editor.rollBack();
    for (const [number, one] of desk.known) if (!state.territories.has(number)) editor.bringBack({ ...one });
    for (const number of state.numbers()) if (!desk.known.has(number)) editor.remove(number);
    desk.clashes = [];
    desk.redraw();
  }

  function saveAs() {
    askForName(plan.name, async (name) => {
      const made = await postJson(`${api}/drafts`, { version: version.get(), name, ...stepOf(state, numbers(desk)) });
      settle(desk);
      desk.keeper.write();
      location.assign(`/territories/${made.plan_id}`);
    });
  }

  return { save, saveAs, rollBack };
}
