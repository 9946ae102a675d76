// @ts-check
/** From the editor to a new design of the same plan: what is locked stays, what is in focus may move. */

/**
 * @param {HTMLElement | null} link @param {number} plan @param {Set<number>} locks
 * @param {() => number | null} focused
 */
export function bindOptimise(link, plan, locks, focused) {
  link?.addEventListener("pointerdown", aim);
  link?.addEventListener("focus", aim);

  function aim() {
    const query = new URLSearchParams({ like: String(plan), keep: String(plan) });
    if (locks.size) query.set("lock", [...locks].join(","));
    const number = focused();
    if (number !== null) query.set("focus", String(number));
    link?.setAttribute("href", `/territories/new?${query}`.replaceAll("%2C", ","));
  }
}
