// @ts-check
/**
 * A plan in the browser: which unit belongs to which territory, and the sums that follow. Typed
 * arrays by unit and by territory number; a change touches the units that change and nothing else.
 * Without a map or a page, so that a test can run it.
 *
 * @typedef {string} Measure accounts, revenue, population, and what else the plan balances: `columns.further`
 * @typedef {{number: number, name: string, colour: number, people: {user_id: number, name: string, role: string, from_day?: string | null, to_day?: string | null}[], parent?: number | null, load?: number | null, mine?: boolean, locked?: boolean, fresh?: boolean}} Territory
 * @typedef {{units: Uint32Array, from: Uint16Array, to: Uint16Array}} Diff
 * @typedef {{version: number, prefix: string, code: string[], name: string[], parent: number[], parents: string[], territory: number[], accounts: (number | null)[], revenue: (number | null)[], population: (number | null)[], further?: Record<string, (number | null)[]>, lon: number[], lat: number[], a: number[], b: number[]}} Columns
 */

export const NONE = 0;
/** Share of the weight that every unit has for its mere being; as in the solver. */
const EMPTY_SHARE = 0.1;
/** Numbers that a 16-bit array of territories can hold. */
const MOST = 65_001;

export class PlanState {
  /** @type {{values: Float64Array, sums: Float64Array}[]} */
  #weighed = [];

  /**
   * @param {Columns} columns @param {Territory[]} territories
   * @param {{balance: Measure, tolerance: number, tolerances?: Record<Measure, number>, hidden?: boolean, words?: Record<Measure, string>}} plan `tolerances`: of measures that have one of their own; `hidden`: null is a figure one may not see, else one that nobody knows; `words`: what measures are called
   */
  constructor(columns, territories, { balance, tolerance, tolerances = {}, hidden = false, words = {} }) {
    this.columns = columns;
    this.hidden = hidden;
    this.words = words;
    this.n = columns.code.length;
    this.balance = balance;
    this.tolerance = tolerance;
    this.tolerances = tolerances;
    /** @type {Map<number, Territory>} */
    this.territories = new Map(territories.map((one) => [one.number, { ...one }]));
    /** Where each unit is, and where the server has it. */
    this.home = Uint16Array.from(columns.territory);
    this.saved = this.home.slice();
    /** Which units are elsewhere than the server has them. */
    this.pending = new Uint8Array(this.n);
    this.pendingCount = 0;
    /** @type {Map<string, number>} */
    this.row = new Map(columns.code.map((code, u) => [columns.prefix + code, u]));
    this.#weigh();
  }

  /** How far off its mean a measure may be. @param {Measure} measure */
  toleranceOf(measure) {
    return this.tolerances[measure] ?? this.tolerance;
  }

  #weigh() {
    const { columns, n } = this;
    const { accounts, revenue, population, further = {} } = columns;
    /** @type {Record<Measure, {values: Float64Array, sums: Float64Array, known: boolean, total: number}>} */
    this.measures = {};
    for (const [measure, column] of Object.entries({ accounts, revenue, population, ...further })) {
      const values = Float64Array.from(column, (value) => value ?? (this.hidden ? Number.NaN : 0));
      const known = column.every((value) => value !== null) || (!this.hidden && column.some((value) => value !== null));
      const total = column.reduce((/** @type {number} */ sum, value) => sum + (value ?? 0), 0);
      this.measures[measure] = { values, sums: new Float64Array(MOST), known, total };
    }
    this.#weighed = Object.values(this.measures);
    this.counts = new Uint32Array(MOST);
    this.moments = new Float64Array(4 * MOST);
    const { values, total } = this.measures[this.balance];
    this.mass = Float64Array.from(values, (value) => (1 - EMPTY_SHARE) * (total > 0 ? (value || 0) / total : 1 / n) + EMPTY_SHARE / n);
    this.sphere = new Float64Array(3 * n);
    for (let u = 0; u < n; u += 1) {
      const [lon, lat] = [(columns.lon[u] * Math.PI) / 180, (columns.lat[u] * Math.PI) / 180];
      this.sphere.set([Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)], 3 * u);
      this.#count(u, this.home[u], 1);
    }
  }

  /** @param {number} u @param {number} territory @param {1 | -1} sign */
  #count(u, territory, sign) {
    this.counts[territory] += sign;
    for (const { values, sums } of this.#weighed) sums[territory] += sign * values[u];
    const m = sign * this.mass[u];
    this.moments[4 * territory] += m;
    for (let axis = 0; axis < 3; axis += 1) this.moments[4 * territory + 1 + axis] += m * this.sphere[3 * u + axis];
  }

  /**
   * Put units into territories; answers with what changed, null when nothing did.
   * @param {ArrayLike<number>} units @param {number | ArrayLike<number>} to
   * @returns {Diff | null}
   */
  assign(units, to) {
    const target = typeof to === "number" ? () => to : (/** @type {number} */ i) => to[i];
    /** @type {number[]} */
    const changed = [];
    /** @type {number[]} */
    const before = [];
    for (let i = 0; i < units.length; i += 1) {
      const u = units[i];
      const next = target(i);
      if (this.home[u] === next) continue;
      changed.push(u);
      before.push(this.home[u]);
      this.#put(u, next);
    }
    if (!changed.length) return null;
    const found = Uint32Array.from(changed);
    return { units: found, from: Uint16Array.from(before), to: Uint16Array.from(found, (u) => this.home[u]) };
  }

  /** @param {number} u @param {number} next */
  #put(u, next) {
    this.#count(u, this.home[u], -1);
    this.home[u] = next;
    this.#count(u, next, 1);
    const differs = next === this.saved[u] ? 0 : 1;
    this.pendingCount += differs - this.pending[u];
    this.pending[u] = differs;
  }

  /** The server has units elsewhere now. @param {ArrayLike<number>} units @param {ArrayLike<number>} homes */
  rebase(units, homes) {
    for (let i = 0; i < units.length; i += 1) {
      const u = units[i];
      this.saved[u] = homes[i];
      const differs = this.home[u] === homes[i] ? 0 : 1;
      this.pendingCount += differs - this.pending[u];
      this.pending[u] = differs;
    }
  }

  /** What is shown is what the server has. */
  settle() {
    this.saved.set(this.home);
    this.pending.fill(0);
    this.pendingCount = 0;
    for (const one of this.territories.values()) one.fresh = false;
  }

  // ---------------------------------------------------------------------------- figures

  /** Numbers of the territories, ascending. @returns {number[]} */
  numbers() {
    return [...this.territories.keys()].sort((a, b) => a - b);
  }

  /** What a territory holds of a measure; null when a part of it is hidden. @param {number} number @param {Measure} measure */
  load(number, measure = this.balance) {
    const value = this.measures[measure].sums[number];
    return Number.isNaN(value) ? null : value;
  }

  /** Those that share the load: one without units that others lie below only gathers them. @returns {number[]} */
  sharing() {
    const above = new Set([...this.territories.values()].map((one) => one.parent));
    return this.numbers().filter((number) => this.counts[number] > 0 || !above.has(number));
  }

  /** What each territory should hold: its share of everything there is, assigned or not. */
  ideal(measure = this.balance) {
    const { total, known } = this.measures[measure];
    return known ? total / Math.max(1, this.sharing().length) : 0;
  }

  /** How far off the ideal a territory is. @param {number} number @param {Measure} [measure] @param {number} [ideal] where it is known already */
  deviation(number, measure = this.balance, ideal = this.ideal(measure)) {
    return ideal ? (this.load(number, measure) ?? 0) / ideal - 1 : 0;
  }

  /** How even the plan is. @param {Measure} measure */
  fairness(measure = this.balance) {
    const loads = this.sharing().map((number) => this.load(number, measure) ?? 0);
    const ideal = this.ideal(measure);
    const off = loads.map((load) => (ideal ? Math.abs(load / ideal - 1) : 0));
    const largest = Math.max(0, ...loads);
    const smallest = Math.min(...loads, largest);
    return {
      maxDeviation: Math.max(0, ...off),
      index: 100 * Math.max(0, 1 - sum(off) / Math.max(1, off.length)),
      ratio: smallest > 0 ? largest / smallest : Infinity,
      gini: gini(loads),
    };
  }

  /** The share of the load's spread that lies between territories: 1 is as compact as can be. */
  compactness() {
    let within = 0;
    const all = [0, 0, 0, 0];
    for (const number of this.territories.keys()) {
      const row = this.moments.subarray(4 * number, 4 * number + 4);
      if (!this.counts[number]) continue;
      within += inertia(row);
      row.forEach((value, axis) => (all[axis] += value));
    }
    const overall = inertia(all);
    return overall > 1e-15 ? 1 - Math.max(0, within) / overall : 1;
  }

  /** @param {number} number @returns {number[]} */
  unitsOf(number) {
    const found = [];
    for (let u = 0; u < this.n; u += 1) if (this.home[u] === number) found.push(u);
    return found;
  }

  /** Units that are elsewhere than the server has them. @returns {number[]} */
  pendingUnits() {
    const found = [];
    for (let u = 0; u < this.n; u += 1) if (this.pending[u]) found.push(u);
    return found;
  }

  /** The full code of a unit. @param {number} u */
  code(u) {
    return this.columns.prefix + this.columns.code[u];
  }

  // ---------------------------------------------------------------------------- territories

  /** A territory that the server does not know yet. @param {string} name @param {number} colour @param {number} [number] */
  addTerritory(name, colour, number = 0) {
    const free = number || Math.max(0, ...this.territories.keys()) + 1;
    const made = /** @type {Territory} */ ({ number: free, name, colour, people: [], fresh: true });
    this.territories.set(free, made);
    return made;
  }
}

/** @param {ArrayLike<number>} row mass and its three moments */
function inertia(row) {
  return row[0] > 0 ? row[0] - (row[1] ** 2 + row[2] ** 2 + row[3] ** 2) / row[0] : 0;
}

/** 0 when all hold the same, near 1 when one holds everything. @param {number[]} loads */
export function gini(loads) {
  const sorted = [...loads].sort((a, b) => a - b);
  const total = sum(sorted);
  if (!total) return 0;
  const ranked = sorted.reduce((all, load, i) => all + (i + 1) * load, 0);
  return (2 * ranked) / (sorted.length * total) - (sorted.length + 1) / sorted.length;
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
