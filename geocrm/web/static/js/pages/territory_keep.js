// @ts-check
/** Unsaved work in the browser's own store, by plan and version, so that a reload loses nothing. */

/** @typedef {{version: number, assign: Record<string, string[]>, add: {number: number, name: string, colour: number}[], remove: number[], locks: number[], clashes: import("./territory_merge.js").Clash[]}} Kept */

const SOON_MS = 400;

/** @param {number} planId @param {() => Kept | null} read what there is to keep; null for nothing */
export function createKeeper(planId, read) {
  const key = `geocrm-territories-${planId}`;
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
    /** @returns {Kept | null} */
    found() {
      try {
        return JSON.parse(localStorage.getItem(key) ?? "null");
      } catch {
        return null;
      }
    },
  };
}
