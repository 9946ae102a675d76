// @ts-check
/**
 * Two maps beside each other, or one over the other with a line between that a finger, a mouse or
 * the arrow keys move. The address keeps which, and where the line is.
 */
import { readState, writeState } from "../lib/url_state.js";

const STEP = 2;
const LEAP = 10;
/** Narrower than this two maps beside each other show too little of either. */
const NARROW = "(max-width: 767px)";

/**
 * @param {HTMLElement} place @param {any[]} maps the first plan's and the second's
 * @param {() => void} onResize the maps have another size
 */
export function bindModes(place, maps, onResize) {
  const line = /** @type {HTMLElement} */ (place.querySelector("#swipe"));
  // Not its container, which has no height of its own.
  const above = maps[1].getCanvas();
  const buttons = [...place.querySelectorAll("button[data-view]")];
  let at = 50;

  for (const button of buttons) {
    button.addEventListener("click", () => show(button.getAttribute("data-view") ?? "side", true));
  }
  line.addEventListener("keydown", byKey);
  line.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    line.focus();
    line.setPointerCapture(event.pointerId);
    line.addEventListener("pointermove", byHand);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    line.addEventListener(end, () => {
      line.removeEventListener("pointermove", byHand);
      keep();
    });
  }
  const asked = readState();
  if (asked.line && Number(asked.line) >= 0 && Number(asked.line) <= 100) at = Number(asked.line);
  show(asked.view === "swipe" || asked.view === "side" ? asked.view : matchMedia(NARROW).matches ? "swipe" : "side", false);

  /** @param {string} view @param {boolean} chosen whether somebody asked for it */
  function show(view, chosen) {
    const swiping = view === "swipe";
    place.dataset.view = view;
    line.hidden = !swiping;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.getAttribute("data-view") === view));
    for (const map of maps) map.resize();
    onResize();
    above.style.clipPath = "";
    if (swiping) move(at);
    if (chosen) writeState({ view, line: swiping ? at : null });
  }

  /** @param {number} percent from the left */
  function move(percent) {
    at = Math.round(Math.min(100, Math.max(0, percent)));
    above.style.clipPath = `inset(0 0 0 ${at}%)`;
    line.style.left = `${at}%`;
    line.setAttribute("aria-valuenow", String(at));
    line.setAttribute("aria-valuetext", `${at} %`);
  }

  function keep() {
    writeState({ view: "swipe", line: at });
  }

  /** @param {PointerEvent} event */
  function byHand(event) {
    const { left, width } = place.getBoundingClientRect();
    move((100 * (event.clientX - left)) / width);
  }

  /** @param {KeyboardEvent} event */
  function byKey(event) {
    /** @type {Record<string, number>} */
    const to = {
      ArrowLeft: at - STEP, ArrowDown: at - STEP, ArrowRight: at + STEP, ArrowUp: at + STEP,
      PageDown: at - LEAP, PageUp: at + LEAP, Home: 0, End: 100,
    };
    if (!(event.key in to)) return;
    event.preventDefault();
    move(to[event.key]);
    keep();
  }
}
