// @ts-check
/**
 * What was done, to take back and do again; as long as there is memory. A step is what changed and
 * nothing else, so a thousand strokes over a few units each weigh nothing.
 *
 * @typedef {import("./territory_state.js").Diff} Diff
 * @typedef {import("./territory_state.js").Territory} Territory
 * @typedef {{diff: Diff | null, added?: Territory, removed?: Territory}} Step
 */

export class Undo {
  constructor() {
    /** @type {Step[]} */
    this.done = [];
    /** @type {Step[]} */
    this.undone = [];
  }

  /** @param {Step} step */
  push(step) {
    if (!step.diff && !step.added && !step.removed) return;
    this.done.push(step);
    this.undone.length = 0;
  }

  /** Take the newest step back in the plan. @param {import("./territory_state.js").PlanState} state @returns {Step | null} */
  undo(state) {
    const step = this.done.pop();
    if (!step) return null;
    if (step.removed) state.territories.set(step.removed.number, step.removed);
    if (step.diff) state.assign(step.diff.units, step.diff.from);
    if (step.added) state.territories.delete(step.added.number);
    this.undone.push(step);
    return step;
  }

  /** Do again what was taken back last. @param {import("./territory_state.js").PlanState} state @returns {Step | null} */
  redo(state) {
    const step = this.undone.pop();
    if (!step) return null;
    if (step.added) state.territories.set(step.added.number, step.added);
    if (step.diff) state.assign(step.diff.units, step.diff.to);
    if (step.removed) state.territories.delete(step.removed.number);
    this.done.push(step);
    return step;
  }

  /**
   * Somebody else moved units meanwhile: taking back one's first touch of such a unit leads to
   * where it is now, not to where it was.
   * @param {Map<number, number>} now unit -> territory on the server
   */
  rebase(now) {
    const met = new Set();
    for (const step of [...this.done, ...[...this.undone].reverse()]) {
      step.diff?.units.forEach((u, i) => {
        const home = now.get(u);
        if (home === undefined || met.has(u)) return;
        met.add(u);
        /** @type {Diff} */ (step.diff).from[i] = home;
      });
    }
  }

  clear() {
    this.done.length = 0;
    this.undone.length = 0;
  }
}
