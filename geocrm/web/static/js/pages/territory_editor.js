// @ts-check
/**
 * What the tools do to a plan: which units may change, into what, and how it is taken back. Without
 * a map or a page, so that a test can run it.
 *
 * @typedef {import("./territory_state.js").Diff} Diff
 * @typedef {import("./territory_state.js").PlanState} PlanState
 */
import { NONE } from "./territory_state.js";
import { Undo } from "./territory_undo.js";

export class Editor {
  /**
   * @param {PlanState} state
   * @param {{onUnits: (diff: Diff) => void, onTerritories: () => void, onDone: () => void, newName: (number: number) => string}} events
   *   `onUnits` at each touch, `onDone` when a step is over
   */
  constructor(state, events) {
    this.state = state;
    this.events = events;
    this.undoList = new Undo();
    /** Where paint goes: a territory, 0 for none, or one that is made when it is needed. @type {number | "new"} */
    this.target = state.numbers()[0] ?? "new";
    /** Where paint may take from. @type {number | "all"} */
    this.source = "all";
    /** @type {Set<number>} */
    this.locks = new Set();
    this.lockPainted = false;
    /** @type {{units: number[], from: number[], to: number[], added?: import("./territory_state.js").Territory} | null} */
    this.open = null;
  }

  /** Whether a unit may go there. @param {number} u @param {number} to */
  allowed(u, to) {
    const home = this.state.home[u];
    if (home === to || this.locks.has(home) || this.locks.has(to)) return false;
    if (this.lockPainted && this.state.pending[u] && !this.#touched?.has(u)) return false;
    if (this.source === "all") return true;
    return home === this.source;
  }

  /** @type {Set<number> | null} units of the step underway */
  #touched = null;

  begin() {
    if (this.open) this.end();
    this.open = { units: [], from: [], to: [] };
    this.#touched = new Set();
  }

  /** Put units into the target, as far as they may go. @param {number[]} units @param {number | "new"} [target] */
  touch(units, target = this.target) {
    if (!this.open) return;
    if (target === "new") {
      const some = units.some((u) => this.allowed(u, -1));
      if (!some) return;
      target = this.#make();
    }
    const to = target;
    this.#apply(units.filter((u) => this.allowed(u, to)), to);
  }

  /** Put units to where the list says, whatever tools may take from. @param {number[]} units @param {ArrayLike<number>} homes */
  place(units, homes) {
    this.begin();
    this.#apply(units, homes);
    this.end();
  }

  /** @param {number[]} units @param {number | ArrayLike<number>} to */
  #apply(units, to) {
    const diff = this.state.assign(units, to);
    if (!diff || !this.open) return;
    for (let i = 0; i < diff.units.length; i += 1) {
      this.open.units.push(diff.units[i]);
      this.open.from.push(diff.from[i]);
      this.open.to.push(diff.to[i]);
      this.#touched?.add(diff.units[i]);
    }
    this.events.onUnits(diff);
  }

  end() {
    const step = this.open;
    this.open = null;
    this.#touched = null;
    if (!step) return;
    const diff = step.units.length ? { units: Uint32Array.from(step.units), from: Uint16Array.from(step.from), to: Uint16Array.from(step.to) } : null;
    this.undoList.push({ diff, added: step.added });
    this.events.onDone();
  }

  /** Leave the step underway as if it had not begun. */
  cancel() {
    const step = this.open;
    this.open = null;
    this.#touched = null;
    if (!step) return;
    const back = this.state.assign(step.units, step.from);
    if (step.added) this.state.territories.delete(step.added.number);
    if (back) this.events.onUnits(back);
    if (step.added) {
      this.#aimAgain(step.added.number, "undo");
      this.#territoriesChanged();
    }
    this.events.onDone();
  }

  /** One step on its own. @param {number[]} units @param {number | "new"} target */
  change(units, target) {
    this.begin();
    this.touch(units, target);
    this.end();
  }

  #make() {
    const used = new Set([...this.state.territories.values()].map((one) => one.colour));
    let colour = 0;
    while (used.has(colour)) colour += 1;
    const made = this.state.addTerritory("", colour);
    made.name = this.events.newName(made.number);
    if (this.open) this.open.added = made;
    if (this.target === "new") this.target = made.number;
    this.#territoriesChanged();
    return made.number;
  }

  /** Take an empty territory out of the plan. @param {number} number */
  remove(number) {
    const removed = this.state.territories.get(number);
    if (!removed || this.state.counts[number]) return;
    this.state.territories.delete(number);
    this.undoList.push({ diff: null, removed });
    this.#territoriesChanged();
    this.events.onDone();
  }

  /** Put a territory back that was taken out. @param {import("./territory_state.js").Territory} territory */
  bringBack(territory) {
    this.state.territories.set(territory.number, territory);
    this.undoList.push({ diff: null, added: territory });
    this.#territoriesChanged();
  }

  /** @param {"undo" | "redo"} way */
  step(way) {
    if (this.open) this.end();
    const step = this.undoList[way](this.state);
    if (!step) return null;
    if (step.added || step.removed) {
      this.#aimAgain(step.added?.number, way);
      this.#territoriesChanged();
    }
    if (step.diff) {
      const { units, from, to } = step.diff;
      this.events.onUnits(way === "undo" ? { units, from: to, to: from } : step.diff);
    }
    this.events.onDone();
    return step;
  }

  /** As the server has it; one step that can be taken back itself. */
  rollBack() {
    const units = this.state.pendingUnits();
    this.place(units, units.map((u) => this.state.saved[u]));
  }

  /** Whoever painted with a new territory and takes it back goes on with a new one. @param {number | undefined} made @param {"undo" | "redo"} way */
  #aimAgain(made, way) {
    if (way === "undo" && this.target === made) this.target = "new";
    else if (way === "redo" && made && this.target === "new") this.target = made;
  }

  #territoriesChanged() {
    const gone = (/** @type {number | string} */ one) => typeof one === "number" && one !== NONE && !this.state.territories.has(one);
    if (gone(this.target)) this.target = this.state.numbers()[0] ?? "new";
    if (gone(this.source)) this.source = "all";
    this.events.onTerritories();
  }
}
