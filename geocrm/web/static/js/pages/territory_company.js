// @ts-check
/** Others at the same plan, and one's own work from before: put on top of what is saved by now. */
import { closeDrawer, openDrawer } from "../lib/drawer.js";
import { t, tn } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { section } from "./territory_details.js";
import { goBack, takeOver } from "./territory_merge.js";
import { sayClosed } from "./territory_scenario.js";
import { clashesView, createSync, showOthers, stepsList } from "./territory_sync.js";

/** @param {import("./territory_saving.js").Desk} desk @param {HTMLElement} place @param {HTMLElement} closedPlace @param {Set<number>} locks */
export function createCompany(desk, place, closedPlace, locks) {
  const { state, editor, version } = desk;
  const sync = createSync(desk.api, { version: version.get, unsaved: desk.unsaved, onAround });

  /** @param {any} around */
  function onAround(around) {
    showOthers(place, around.others);
    if (around.version === version.get()) return;
    merge(around.steps);
    for (const one of around.territories) Object.assign(state.territories.get(one.number) ?? {}, { name: one.name, colour: one.colour });
    desk.known = new Map(around.territories.map((/** @type {any} */ one) => [one.number, { people: [], ...state.territories.get(one.number), ...one }]));
    version.set(around.version);
    desk.redraw();
    desk.closed = around.state !== desk.plan.state;
    if (desk.closed) sayClosed(closedPlace, desk.unsaved(), desk.saveAs);
    closedPlace.hidden = !desk.closed;
  }

  /** @param {import("./territory_merge.js").SavedStep[]} steps */
  function merge(steps) {
    if (!steps.length) return;
    if (editor.open) editor.end();
    const found = takeOver(state, editor.undoList, steps);
    const units = [...new Set(steps.flatMap((one) => one.moves.flatMap((move) => state.row.get(move.unit) ?? [])))];
    desk.tellWorker(Uint32Array.from(units));
    desk.view?.flag("theirs", units);
    desk.clashes = [...desk.clashes.filter((old) => !found.clashes.some((one) => one.unit === old.unit)), ...found.clashes];
    if (desk.clashes.length) return askAbout();
    const who = [...new Set(steps.map((one) => one.who ?? t("Operator")))].join(", ");
    const show = () => {
      openDrawer({ title: t("Saved meanwhile"), content: section(...stepsList(state, steps)) });
      desk.view?.flag("theirs", units);
      desk.lookAt(units);
    };
    toast(tn("{who} saved {n} unit meanwhile; your changes are kept.", "{who} saved {n} units meanwhile; your changes are kept.", { n: units.length, who }), "info", { action: { words: t("Show"), run: show } });
  }

  function askAbout() {
    openDrawer({
      title: t("Both of you moved these"),
      content: section(...clashesView(state, desk.clashes, (answers) => {
        desk.clashes = [];
        editor.place(answers.map((one) => one.unit), answers.map((one) => one.to));
        desk.done();
        desk.view?.flag("theirs", []);
        closeDrawer();
      })),
    });
    desk.lookAt(desk.clashes.map((one) => one.unit));
  }

  async function restore() {
    const kept = desk.keeper.found();
    if (!kept) return;
    for (const number of kept.locks ?? []) if (state.territories.has(number)) locks.add(number);
    const moves = Object.entries(kept.assign).flatMap(([number, codes]) => codes.map((code) => ({ u: state.row.get(code) ?? -1, to: Number(number) }))).filter(({ u }) => u >= 0);
    if (!moves.length && !kept.add.length && !kept.remove.length) return desk.redraw();
    const around = kept.version === version.get() ? null : await sync.since(kept.version);
    // On the plan as it was then, so that what others moved since is told from what is ours.
    if (around) goBack(state, around.steps);
    for (const one of kept.add) state.addTerritory(one.name, one.colour, one.number);
    editor.place(moves.map(({ u }) => u), moves.map(({ to }) => to));
    for (const number of kept.remove) if (!state.counts[number]) state.territories.delete(number);
    // What was asked before the page was left is asked again.
    desk.clashes = (kept.clashes ?? []).filter(({ unit }) => state.pending[unit]);
    if (around?.steps.length) merge(around.steps);
    else if (desk.clashes.length) askAbout();
    desk.redraw();
    desk.tellWorker(Uint32Array.from(state.home, (_, u) => u));
    if (desk.unsaved()) toast(t("Your unsaved changes from before are here again."), "info");
  }

  return { catchUp: sync.now, askAbout, restore };
}
