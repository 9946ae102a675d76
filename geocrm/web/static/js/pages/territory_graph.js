// @ts-check
/**
 * Which units lie beside each other, as compressed rows, and what follows from it: the pieces of a
 * territory and the holes in one. Plain arrays; the worker and the tests use it without a page.
 *
 * @typedef {{start: Uint32Array, beside: Uint32Array}} Graph units beside[start[u]] up to start[u + 1] lie beside u
 * @typedef {{units: number[], territory: number, around: number}} Piece `around` is the one territory around it, 0 when there are several or none
 */

/** @param {number} n @param {ArrayLike<number>} a @param {ArrayLike<number>} b @returns {Graph} */
export function graphOf(n, a, b) {
  const start = new Uint32Array(n + 1);
  for (let i = 0; i < a.length; i += 1) {
    start[a[i] + 1] += 1;
    start[b[i] + 1] += 1;
  }
  for (let u = 0; u < n; u += 1) start[u + 1] += start[u];
  const at = start.slice(0, n);
  const beside = new Uint32Array(2 * a.length);
  for (let i = 0; i < a.length; i += 1) {
    beside[at[a[i]]++] = b[i];
    beside[at[b[i]]++] = a[i];
  }
  return { start, beside };
}

/** The connected units of the same territory as one. @param {Graph} graph @param {Uint16Array} home @param {number} unit @param {Uint8Array} seen @returns {number[]} */
export function pieceAt({ start, beside }, home, unit, seen) {
  const territory = home[unit];
  const piece = [unit];
  seen[unit] = 1;
  for (let i = 0; i < piece.length; i += 1) {
    const u = piece[i];
    for (let e = start[u]; e < start[u + 1]; e += 1) {
      const v = beside[e];
      if (home[v] === territory && !seen[v]) {
        seen[v] = 1;
        piece.push(v);
      }
    }
  }
  return piece;
}

/** The only territory that lies around a piece; 0 when there are several, or none. @param {Graph} graph @param {Uint16Array} home @param {number[]} piece */
export function around({ start, beside }, home, piece) {
  const own = home[piece[0]];
  let found = 0;
  for (const u of piece) {
    for (let e = start[u]; e < start[u + 1]; e += 1) {
      const other = home[beside[e]];
      if (other === own || other === found) continue;
      if (other === 0 || found !== 0) return 0;
      found = other;
    }
  }
  return found;
}

/**
 * The pieces of every territory, and of what is in none, the largest of each first.
 * @param {Graph} graph @param {Uint16Array} home @returns {Map<number, number[][]>}
 */
export function allPieces(graph, home) {
  const seen = new Uint8Array(home.length);
  /** @type {Map<number, number[][]>} */
  const found = new Map();
  for (let u = 0; u < home.length; u += 1) {
    if (seen[u]) continue;
    const piece = pieceAt(graph, home, u, seen);
    const list = found.get(home[u]);
    if (list) list.push(piece);
    else found.set(home[u], [piece]);
  }
  for (const list of found.values()) list.sort((x, y) => y.length - x.length);
  return found;
}

/**
 * What is not as it should be: parts of territories apart from their largest one, and holes, which
 * are such parts or unassigned ground with a single territory around.
 * @param {Graph} graph @param {Uint16Array} home
 * @returns {{islands: Piece[], holes: Piece[], split: number[]}}
 */
export function faults(graph, home) {
  /** @type {{islands: Piece[], holes: Piece[], split: number[]}} */
  const found = { islands: [], holes: [], split: [] };
  for (const [territory, pieces] of allPieces(graph, home)) {
    const apart = territory === 0 ? pieces : pieces.slice(1);
    if (territory !== 0 && apart.length) found.split.push(territory);
    for (const units of apart) {
      const piece = { units, territory, around: around(graph, home, units) };
      if (territory !== 0) found.islands.push(piece);
      if (piece.around) found.holes.push(piece);
    }
  }
  found.split.sort((x, y) => x - y);
  return found;
}

/**
 * Whether what a territory holds beside `without` stays in as few pieces, seen from the units
 * beside it alone: a search of the donor, which stops when all of them are found.
 * @param {Graph} graph @param {Uint16Array} home @param {number} without
 */
export function splitsWithout(graph, home, without) {
  const { start, beside } = graph;
  const territory = home[without];
  const left = new Set();
  for (let e = start[without]; e < start[without + 1]; e += 1) if (home[beside[e]] === territory) left.add(beside[e]);
  if (left.size < 2) return false;
  const seen = new Uint8Array(home.length);
  seen[without] = 1;
  const [first] = left;
  const queue = [first];
  seen[first] = 1;
  left.delete(first);
  for (let i = 0; i < queue.length && left.size; i += 1) {
    for (let e = start[queue[i]]; e < start[queue[i] + 1]; e += 1) {
      const v = beside[e];
      if (home[v] !== territory || seen[v]) continue;
      seen[v] = 1;
      left.delete(v);
      queue.push(v);
    }
  }
  return left.size > 0;
}
