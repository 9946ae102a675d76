// @ts-check
/** Keys of the editor; none of them while somebody types, or in a dialog. */
import { showKeys } from "./territory_toolbar.js";
import { TOOLS } from "./territory_tools.js";

/**
 * @param {{choose: (tool: import("./territory_tools.js").Tool) => void, resize: (by: number) => void, step: (way: "undo" | "redo") => void, save: () => void, next: () => void}} act
 */
export function bindKeys(act) {
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (target.closest("input, textarea, [contenteditable]") || document.querySelector("dialog[open]")) return;
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
    return key === "s" ? act.save : null;
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
