// @ts-check
/** The page of bulk actions: those that go on are followed; when one ends, the page is read anew. */
import { getJson } from "../lib/api.js";
import { formatNumber } from "../lib/format.js";

const EVERY_MS = 1000;
const AT_WORK = ["preparing", "running", "undoing"];

/** @param {HTMLElement} row */
async function follow(row) {
  const run = await getJson(`/api/v1/bulk/${row.dataset.run}`, { quiet: true }).catch(() => null);
  if (run && run.state !== row.dataset.state) return location.reload();
  if (run) draw(row, run);
  setTimeout(() => follow(row), EVERY_MS);
}

/** @param {HTMLElement} row @param {any} run */
function draw(row, run) {
  if (run.state === "undoing") return;
  const share = run.total ? run.done / run.total : 0;
  const line = /** @type {HTMLElement | null} */ (row.querySelector(".progress-line > span"));
  if (line) line.style.width = `${100 * share}%`;
  row.querySelector('[role="progressbar"]')?.setAttribute("aria-valuenow", String(Math.round(100 * share)));
  const changed = row.querySelector("[data-changed]");
  if (changed) changed.textContent = formatNumber(run.changed);
}

for (const row of document.querySelectorAll("[data-run]")) {
  if (row instanceof HTMLElement && AT_WORK.includes(row.dataset.state ?? "")) follow(row);
}
