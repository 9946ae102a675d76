// @ts-check
/** What "Find anything" offers on this page: its modes, and what the map draws. */
import { t } from "../lib/i18n.js";
import { LAYERS } from "./map_legend.js";
import { offered } from "./map_state.js";

/** @param {(changes: any) => void} change */
export function offerCommands(change) {
  document.addEventListener("command:offer", (event) => /** @type {CustomEvent} */ (event).detail.add([...modes(), ...layers()]));
  document.addEventListener("command:run", (event) => {
    const [kind, value] = /** @type {CustomEvent} */ (event).detail.id.split(":");
    if (kind === "mode") change({ mode: value });
    // What is drawn is seen on the map only.
    if (kind === "layer") change({ layer: value, mode: "map" });
  });
}

/** Those that the page has buttons for, which is up to the person and the width. */
function modes() {
  const buttons = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-mode-switch]")]);
  const shown = buttons.filter(({ dataset }) => offered(/** @type {any} */ (dataset.modeSwitch)) === dataset.modeSwitch);
  return shown.map((button) => {
    const { modeSwitch } = button.dataset;
    const symbol = button.querySelector("use")?.getAttribute("href")?.split("#").pop() ?? "map-2";
    return { id: `mode:${modeSwitch}`, label: t("Show as: {mode}", { mode: button.textContent?.trim() ?? "" }), icon: symbol };
  });
}

function layers() {
  return LAYERS().map((one) => ({ id: `layer:${one.value}`, label: t("Draw on the map: {layer}", { layer: one.words }), icon: one.icon }));
}
