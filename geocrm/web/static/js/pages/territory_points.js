// @ts-check
/**
 * Where units are, to find those under a brush or in a lasso without asking the map, which knows
 * only what it has drawn. A unit is where its inner point is; web mercator, the world is 1 wide.
 */

const CELLS = 128;

/** @param {number} lon */
export const mercatorX = (lon) => (lon + 180) / 360;
/** @param {number} lat */
export const mercatorY = (lat) => 0.5 - Math.log(Math.tan(Math.PI / 4 + (Math.max(-85, Math.min(85, lat)) * Math.PI) / 360)) / (2 * Math.PI);

export class Points {
  /** @param {ArrayLike<number>} lon @param {ArrayLike<number>} lat */
  constructor(lon, lat) {
    this.n = lon.length;
    this.x = Float64Array.from(lon, mercatorX);
    this.y = Float64Array.from(lat, mercatorY);
    const least = (/** @type {Float64Array} */ values) => values.reduce((a, b) => Math.min(a, b), 1);
    const most = (/** @type {Float64Array} */ values) => values.reduce((a, b) => Math.max(a, b), 0);
    this.west = least(this.x);
    this.north = least(this.y);
    this.cell = Math.max(most(this.x) - this.west, most(this.y) - this.north, 1e-9) / CELLS;
    /** @type {number[][]} */
    this.cells = Array.from({ length: (CELLS + 1) * (CELLS + 1) }, () => []);
    for (let u = 0; u < this.n; u += 1) this.cells[this.#row(this.y[u]) * (CELLS + 1) + this.#column(this.x[u])].push(u);
  }

  /** @param {number} x */
  #column(x) {
    return Math.max(0, Math.min(CELLS, Math.floor((x - this.west) / this.cell)));
  }

  /** @param {number} y */
  #row(y) {
    return Math.max(0, Math.min(CELLS, Math.floor((y - this.north) / this.cell)));
  }

  /** @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {(u: number) => void} visit */
  #near(x0, y0, x1, y1, visit) {
    for (let row = this.#row(y0); row <= this.#row(y1); row += 1) {
      for (let column = this.#column(x0); column <= this.#column(x1); column += 1) {
        for (const u of this.cells[row * (CELLS + 1) + column]) visit(u);
      }
    }
  }

  /** Units within `radius` of the way from a to b. @param {[number, number]} a @param {[number, number]} b @param {number} radius @returns {number[]} */
  alongBrush([ax, ay], [bx, by], radius) {
    /** @type {number[]} */
    const found = [];
    const [dx, dy] = [bx - ax, by - ay];
    const length = dx * dx + dy * dy;
    this.#near(Math.min(ax, bx) - radius, Math.min(ay, by) - radius, Math.max(ax, bx) + radius, Math.max(ay, by) + radius, (u) => {
      const along = length ? Math.max(0, Math.min(1, ((this.x[u] - ax) * dx + (this.y[u] - ay) * dy) / length)) : 0;
      const [px, py] = [this.x[u] - ax - along * dx, this.y[u] - ay - along * dy];
      if (px * px + py * py <= radius * radius) found.push(u);
    });
    return found;
  }

  /** Units inside a ring. @param {[number, number][]} ring @returns {number[]} */
  inRing(ring) {
    if (ring.length < 3) return [];
    const xs = ring.map(([x]) => x);
    const ys = ring.map(([, y]) => y);
    /** @type {number[]} */
    const found = [];
    this.#near(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (u) => {
      if (inside(ring, this.x[u], this.y[u])) found.push(u);
    });
    return found;
  }
}

/** By counting crossings of the ring to the east. @param {[number, number][]} ring @param {number} x @param {number} y */
function inside(ring, x, y) {
  let within = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}
