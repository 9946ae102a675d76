// @ts-check
/** Unsaved work in the browser's own store, by person, plan and version, so that a reload loses nothing. */

/** @typedef {{version: number, assign: Record<string, string[]>, add: {number: number, name: string, colour: number}[], remove: number[], locks: number[], clashes: import("./territory_merge.js").Clash[]}} Kept */

const SOON_MS = 400;

/** Whoever signs in next on this machine has work of their own. @param {number} planId */
const keyOf = (planId) => `geocrm-territories-${planId}-${document.querySelector('meta[name="person"]')?.getAttribute("content") ?? ""}`;

/** What was kept of a plan. @param {number} planId @returns {Kept | null} */
export function keptOf(planId) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(planId)) ?? "null");
  } catch {
    return null;
  }
}

/** @param {number} planId */
export function forget(planId) {
  localStorage.removeItem(keyOf(planId));
}

/** @param {number} planId @param {() => Kept | null} read what there is to keep; null for nothing */
export function createKeeper(planId, read) {
  const key = keyOf(planId);
  let timer = 0;

  function write() {
    clearTimeout(timer);
    const kept = read();
    try {
      if (kept) localStorage.setItem(key, JSON.stringify(kept));
      else localStorage.removeItem(key);
    } catch {
      // Storage may be full or blocked; the work is then on the page alone, which warns on leaving.
    }
  }

  addEventListener("pagehide", write);
  return {
    soon() {
      clearTimeout(timer);
      timer = window.setTimeout(write, SOON_MS);
    },
    write,
    found: () => keptOf(planId),
  };
}
