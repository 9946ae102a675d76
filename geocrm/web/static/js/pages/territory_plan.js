// @ts-check
/**
 * A plan in the browser: which unit belongs to which territory, the loads, whether each territory
 * is in one piece, how compact the plan is. Without a map or a page, so that a test can run it.
 *
 * @typedef {{code: string, name: string, territory: number, load: number | null, accounts: number | null, revenue: number | null, population: number | null, lon: number, lat: number}} Unit
 * @typedef {{number: number, name: string, colour: number, people: {user_id: number, name: string, role: string}[], load: number | null, mine: boolean}} Territory
 */

/** Share of the weight that every unit has for its mere being; as in the solver. */
const EMPTY_SHARE = 0.1;

export class PlanState {
  /** @param {{units: Unit[], territories: Territory[], edges: [string, string][], tolerance: number}} plan */
  constructor(plan) {
    this.tolerance = plan.tolerance;
    /** @type {Map<string, Unit>} */
    this.units = new Map(plan.units.map((unit) => [unit.code, unit]));
    /** @type {Map<number, Territory>} */
    this.territories = new Map(plan.territories.map((one) => [one.number, one]));
    /** @type {Map<string, string[]>} */
    this.beside = new Map();
    for (const [a, b] of plan.edges) {
      this.beside.set(a, [...(this.beside.get(a) ?? []), b]);
      this.beside.set(b, [...(this.beside.get(b) ?? []), a]);
    }
    this.known = plan.units.every((unit) => unit.load !== null);
    this.total = sum(plan.units.map((unit) => unit.load ?? 0));
    this.ideal = this.total / Math.max(1, this.territories.size);
  }

  /** Sum of the loads of each territory. @returns {Map<number, number>} */
  loads() {
    const loads = new Map([...this.territories.keys()].map((number) => [number, 0]));
    for (const { territory, load } of this.units.values()) {
      loads.set(territory, (loads.get(territory) ?? 0) + (load ?? 0));
    }
    return loads;
  }

  /** The largest distance of a load from the mean, either way. */
  maxDeviation() {
    if (!this.ideal) return 0;
    return Math.max(...[...this.loads().values()].map((load) => Math.abs(load / this.ideal - 1)));
  }

  /** @param {number} number @returns {Unit[]} */
  unitsOf(number) {
    return [...this.units.values()].filter((unit) => unit.territory === number);
  }

  /** In how many pieces a territory lies. @param {number} number */
  pieces(number) {
    const left = new Set(this.unitsOf(number).map((unit) => unit.code));
    let count = 0;
    for (const first of left) {
      count += 1;
      const queue = [first];
      left.delete(first);
      while (queue.length) {
        for (const next of this.beside.get(/** @type {string} */ (queue.pop())) ?? []) {
          if (left.delete(next)) queue.push(next);
        }
      }
    }
    return count;
  }

  /** Territories that are empty or in several pieces. */
  broken() {
    return [...this.territories.keys()].filter((number) => this.pieces(number) !== 1);
  }

  /** Numbers of the territories that lie beside a unit, not its own. @param {string} code */
  around(code) {
    const own = this.units.get(code)?.territory;
    const found = new Set((this.beside.get(code) ?? []).map((next) => this.units.get(next)?.territory));
    found.delete(own);
    found.delete(undefined);
    return /** @type {number[]} */ ([...found]).sort((a, b) => a - b);
  }

  /** Give a unit to a territory; answers with what undoes it. @param {string} code @param {number} to */
  move(code, to) {
    const unit = this.units.get(code);
    if (!unit) throw new Error(`No unit ${code}`);
    const from = unit.territory;
    unit.territory = to;
    return { unit: code, territory: from };
  }

  /** What a move would do, without doing it. @param {string} code @param {number} to */
  tried(code, to) {
    const back = this.move(code, to);
    const load = this.loads().get(to) ?? 0;
    const result = {
      deviation: this.ideal ? load / this.ideal - 1 : 0,
      maxDeviation: this.maxDeviation(),
      splits: this.pieces(back.territory) > 1,
      empties: this.unitsOf(back.territory).length === 0,
    };
    this.move(code, back.territory);
    return result;
  }

  /** The share of the load's spread that lies between territories: 1 is as compact as can be. */
  compactness() {
    const within = this.#inertia((unit) => unit.territory);
    const overall = this.#inertia(() => 0);
    return overall > 0 ? 1 - within / overall : 1;
  }

  /** @param {(unit: Unit) => number} group */
  #inertia(group) {
    /** @type {Map<number, number[]>} */
    const sums = new Map();
    const n = this.units.size;
    for (const unit of this.units.values()) {
      const share = this.total > 0 ? (unit.load ?? 0) / this.total : 1 / n;
      const mass = (1 - EMPTY_SHARE) * share + EMPTY_SHARE / n;
      const lon = (unit.lon * Math.PI) / 180;
      const lat = (unit.lat * Math.PI) / 180;
      const row = sums.get(group(unit)) ?? [0, 0, 0, 0];
      row[0] += mass;
      row[1] += mass * Math.cos(lat) * Math.cos(lon);
      row[2] += mass * Math.cos(lat) * Math.sin(lon);
      row[3] += mass * Math.sin(lat);
      sums.set(group(unit), row);
    }
    return sum([...sums.values()].map(([m, x, y, z]) => m - (x * x + y * y + z * z) / m));
  }
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
