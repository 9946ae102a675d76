// @ts-check
/**
 * One's own unsaved changes on top of what somebody else saved meanwhile, and what is sent to be
 * saved. Nothing is overwritten silently: units that both moved are asked about.
 *
 * @typedef {{id: number, version: number, who: string | null, at: string, units: number, added: {number: number, name: string, colour: number}[], removed: {number: number, name: string, colour: number}[], moves: {unit: string, before: number, after: number}[]}} SavedStep
 * @typedef {{unit: number, mine: number, theirs: number, who: string}} Clash
 * @typedef {import("./territory_state.js").PlanState} PlanState
 */

/**
 * Take over the steps that others saved. Units one did not touch go where they put them; those both
 * moved to different places stay as they are here and are given back as clashes.
 * @param {PlanState} state @param {import("./territory_undo.js").Undo} undo @param {SavedStep[]} steps in their order
 * @returns {{clashes: Clash[], taken: number[]}}
 */
export function takeOver(state, undo, steps) {
  renumber(state, undo, steps);
  /** @type {Map<number, {to: number, who: string}>} */
  const last = new Map();
  for (const step of steps) {
    for (const one of step.added) if (!state.territories.has(one.number)) state.territories.set(one.number, { ...one, people: [] });
    for (const { unit, after } of step.moves) {
      const u = state.row.get(unit);
      if (u !== undefined) last.set(u, { to: after, who: step.who ?? "" });
    }
  }
  const clashes = [];
  const taken = [];
  for (const [u, { to, who }] of last) {
    const touched = state.pending[u];
    state.rebase([u], [to]);
    if (state.home[u] === to) continue;
    if (touched) clashes.push({ unit: u, mine: state.home[u], theirs: to, who });
    else {
      state.assign([u], to);
      taken.push(u);
    }
  }
  undo.rebase(new Map([...last].map(([u, { to }]) => [u, to])));
  drop(state, steps);
  return { clashes, taken };
}

/** Territories of one's own that are not saved make way for those of others with their number. @param {PlanState} state @param {import("./territory_undo.js").Undo} undo @param {SavedStep[]} steps */
function renumber(state, undo, steps) {
  const theirs = new Set(steps.flatMap((step) => step.added.map((one) => one.number)));
  for (const one of [...state.territories.values()]) {
    if (!one.fresh || !theirs.has(one.number)) continue;
    const old = one.number;
    const free = Math.max(...state.territories.keys(), ...theirs) + 1;
    state.territories.delete(old);
    state.territories.set(free, one);
    state.assign(state.unitsOf(old), free);
    one.number = free;
    for (const step of [...undo.done, ...undo.undone]) {
      for (const side of step.diff ? [step.diff.from, step.diff.to] : []) side.forEach((number, i) => number === old && (side[i] = free));
    }
  }
}

/** Territories that others removed go, unless one has put units into them: then they come anew. @param {PlanState} state @param {SavedStep[]} steps */
function drop(state, steps) {
  for (const { number } of steps.flatMap((step) => step.removed)) {
    const one = state.territories.get(number);
    if (!one || steps.some((step) => step.added.some((back) => back.number === number))) continue;
    if (state.counts[number]) one.fresh = true;
    else state.territories.delete(number);
  }
}

/**
 * What the server is asked to save.
 * @param {PlanState} state @param {Set<number>} known numbers of the territories that the server has
 */
export function stepOf(state, known) {
  /** @type {Record<string, string[]>} */
  const assign = {};
  for (const u of state.pendingUnits()) (assign[state.home[u]] ??= []).push(state.code(u));
  const add = [...state.territories.values()].filter((one) => !known.has(one.number)).map(({ number, name, colour }) => ({ number, name, colour }));
  const remove = [...known].filter((number) => !state.territories.has(number));
  return { assign, add, remove };
}

/** The plan as it was before these steps. @param {PlanState} state @param {SavedStep[]} steps in their order */
export function goBack(state, steps) {
  for (const step of [...steps].reverse()) {
    for (const one of step.removed) state.territories.set(one.number, { ...one, people: [] });
    for (const { unit, before } of step.moves) {
      const u = state.row.get(unit);
      if (u === undefined) continue;
      state.assign([u], before);
      state.rebase([u], [before]);
    }
    for (const one of step.added) state.territories.delete(one.number);
  }
}

/**
 * What takes a saved step back: units that are still where it put them, and the territories it
 * removed. Units that were moved again since stay.
 * @param {PlanState} state @param {SavedStep} step
 */
export function inverseOf(state, step) {
  const fresh = step.removed.filter((one) => !state.territories.has(one.number));
  const there = new Set([0, ...state.territories.keys(), ...fresh.map((one) => one.number)]);
  const found = { units: /** @type {number[]} */ ([]), to: /** @type {number[]} */ ([]), left: 0, fresh };
  for (const { unit, before, after } of step.moves) {
    const u = state.row.get(unit);
    if (u === undefined || state.home[u] !== after || !there.has(before)) found.left += 1;
    else {
      found.units.push(u);
      found.to.push(before);
    }
  }
  return found;
}
