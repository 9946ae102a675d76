// @ts-check
/** Light and dark: follows the system until the person chooses otherwise, and remembers that. */

const KEY = "geocrm-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
/** @type {Set<(theme: "light" | "dark") => void>} */
const listeners = new Set();

/** @returns {"light" | "dark"} */
export function currentTheme() {
  return document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light";
}

/** @param {"light" | "dark"} theme */
export function setTheme(theme) {
  const followsSystem = (theme === "dark") === system.matches;
  try {
    if (followsSystem) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be blocked; the choice then holds for this page.
  }
  show(theme);
}

/**
 * Call on every change, for what CSS cannot reach, such as a map.
 * @param {(theme: "light" | "dark") => void} listener
 * @returns {() => void} stops it
 */
export function onThemeChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Value of a token, such as token("--accent"). @param {string} name */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {Document} page */
export function bindThemeSwitches(page) {
  for (const button of page.querySelectorAll("[data-theme-switch]")) {
    button.addEventListener("click", () => setTheme(currentTheme() === "dark" ? "light" : "dark"));
  }
}

/** @param {"light" | "dark"} theme */
function show(theme) {
  document.documentElement.dataset.bsTheme = theme;
  for (const listener of listeners) listener(theme);
}

system.addEventListener("change", () => {
  let chosen = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {
    // As above.
  }
  if (!chosen) show(system.matches ? "dark" : "light");
});
