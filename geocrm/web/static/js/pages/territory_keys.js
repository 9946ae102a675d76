// @ts-check
/** Keys of the editor; none of them in a dialog, and only that for saving while somebody types. */
import { showKeys } from "./territory_toolbar.js";
import { TOOLS } from "./territory_tools.js";

/**
 * @param {{choose: (tool: import("./territory_tools.js").Tool) => void, resize: (by: number) => void, step: (way: "undo" | "redo") => void, save: () => void, next: () => void}} act
 */
export function bindKeys(act) {
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (document.querySelector("dialog[open]")) return;
    if (target.closest("input, textarea, [contenteditable]")) {
      if (!isSave(event)) return;
      // What is typed counts, too: a field is over when it is left.
      target.blur();
      target.focus();
    }
    const run = event.ctrlKey || event.metaKey ? withControl(event) : plain(event, target);
    if (!run) return;
    event.preventDefault();
    run();
  });

  /** @param {KeyboardEvent} event */
  function withControl(event) {
    const key = event.key.toLowerCase();
    if (key === "z") return () => act.step(event.shiftKey ? "redo" : "undo");
    if (key === "y") return () => act.step("redo");
    return isSave(event) ? act.save : null;
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} target */
  function plain(event, target) {
    // In a list of choices a letter chooses.
    if (event.altKey || target.closest("select")) return null;
    const tool = TOOLS.find(({ key }) => key.toLowerCase() === event.key.toLowerCase());
    if (tool) return () => act.choose(tool.tool);
    if (event.key === "[") return () => act.resize(-1);
    if (event.key === "]") return () => act.resize(1);
    if (event.key.toLowerCase() === "n") return act.next;
    return event.key === "?" ? showKeys : null;
  }
}

/** @param {KeyboardEvent} event */
const isSave = (event) => (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
