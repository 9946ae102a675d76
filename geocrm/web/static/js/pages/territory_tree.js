// @ts-check
/**
 * Territories below each other, to any depth: the order of a list, what lies below one, and where
 * one may be put. Without a page, so that a test can run it.
 *
 * @typedef {Map<number, import("./territory_state.js").Territory>} Territories
 */

/** The numbers right below each, and under 0 those on top. @param {Territories} territories @returns {Map<number, number[]>} */
function children(territories) {
  /** @type {Map<number, number[]>} */
  const found = new Map();
  for (const [number, one] of territories) {
    const above = one.parent && territories.has(one.parent) ? one.parent : 0;
    found.set(above, [...(found.get(above) ?? []), number]);
  }
  return found;
}

/**
 * The list from the top: each territory before those below it, beside each other by `compare`.
 * @param {Territories} territories @param {(a: number, b: number) => number} compare
 * @returns {{number: number, depth: number, parent: boolean}[]}
 */
export function treeOrder(territories, compare) {
  const below = children(territories);
  /** @type {{number: number, depth: number, parent: boolean}[]} */
  const rows = [];
  const add = (/** @type {number} */ above, /** @type {number} */ depth) => {
    for (const number of (below.get(above) ?? []).sort(compare)) {
      rows.push({ number, depth, parent: below.has(number) });
      add(number, depth + 1);
    }
  };
  add(0, 0);
  return rows;
}

/** All below a territory, at any depth. @param {Territories} territories @param {number} number @returns {number[]} */
export function allBelow(territories, number) {
  const below = children(territories);
  const found = [...(below.get(number) ?? [])];
  for (let i = 0; i < found.length; i += 1) found.push(...(below.get(found[i]) ?? []));
  return found;
}

/** Those above a territory, the nearest first. @param {Territories} territories @param {number} number @returns {number[]} */
export function allAbove(territories, number) {
  const found = [];
  for (let up = territories.get(number)?.parent; up && territories.has(up); up = territories.get(up)?.parent) found.push(up);
  return found;
}

/** Where a territory may be put: anywhere but below itself. @param {Territories} territories @param {number} number */
export function possibleParents(territories, number) {
  const barred = new Set([number, ...allBelow(territories, number)]);
  const byName = (/** @type {number} */ a, /** @type {number} */ b) => (territories.get(a)?.name ?? "").localeCompare(territories.get(b)?.name ?? "");
  return treeOrder(territories, byName).filter((row) => !barred.has(row.number) && !territories.get(row.number)?.fresh);
}
