// @ts-check
/** What somebody found last, remembered in this browser for this person until they sign out. */

const MOST = 8;
const PREFIX = "geocrm-recent-";
const key = () => PREFIX + (document.querySelector('meta[name="person"]')?.getAttribute("content") ?? "");

/** @returns {any[]} newest first, each a hit with its `group` */
export function recent() {
  try {
    const kept = JSON.parse(localStorage.getItem(key()) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => one && typeof one.label === "string").slice(0, MOST) : [];
  } catch {
    return []; // Storage may be blocked, or hold what somebody else wrote.
  }
}

/** @param {any} item @param {string} group the kind of its group */
export function remember(item, group) {
  const same = (/** @type {any} */ one) => one.label === item.label && one.url === item.url && one.lon === item.lon;
  const kept = [{ ...item, group }, ...recent().filter((one) => !same(one))].slice(0, MOST);
  try {
    localStorage.setItem(key(), JSON.stringify(kept));
  } catch {
    // As above.
  }
}

/** Whoever signs in next on this machine need not know. */
export function forgetAtSignOut() {
  document.querySelector('form[action="/logout"]')?.addEventListener("submit", () => {
    try {
      for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name);
    } catch {
      // As above.
    }
  });
}
