// @ts-check
/** What is shared out: a slider for each measure. They add up to 100; locked ones stay. */
import { icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

/**
 * The shares after one of them was moved: the others that are free make room, each by its part.
 * @param {number[]} shares whole numbers that add up to 100
 * @param {boolean[]} held which stay as they are
 * @param {number} at @param {number} wanted
 */
export function moved(shares, held, at, wanted) {
  const others = shares.map((_, i) => i).filter((i) => i !== at && !held[i]);
  const fixed = shares.reduce((sum, share, i) => (held[i] && i !== at ? sum + share : sum), 0);
  const room = 100 - fixed;
  const share = others.length ? Math.min(Math.max(Math.round(wanted) || 0, 0), room) : room;
  const rest = room - share;
  const sum = others.reduce((total, i) => total + shares[i], 0);
  const exact = others.map((i) => (sum ? (shares[i] / sum) * rest : rest / others.length));
  const whole = exact.map(Math.floor);
  const byRemainder = others.map((_, i) => i).sort((a, b) => exact[b] - whole[b] - (exact[a] - whole[a]));
  let left = rest - whole.reduce((total, one) => total + one, 0);
  for (const i of byRemainder) if (left-- > 0) whole[i] += 1;
  const result = [...shares];
  result[at] = share;
  others.forEach((i, n) => (result[i] = whole[n]));
  return result;
}

/**
 * @param {HTMLElement} place holds a row with data-measure for each measure
 * @param {() => void} onChange
 */
export function bindWeights(place, onChange) {
  const rows = [...place.querySelectorAll("[data-measure]")].map((row) => ({
    measure: /** @type {HTMLElement} */ (row).dataset.measure ?? "",
    row: /** @type {HTMLElement} */ (row),
    slider: /** @type {HTMLInputElement} */ (row.querySelector("input[type=range]")),
    number: /** @type {HTMLInputElement} */ (row.querySelector("input[type=number]")),
    lock: /** @type {HTMLButtonElement} */ (row.querySelector("button")),
    words: row.querySelector("label")?.textContent ?? "",
  }));
  const held = rows.map(() => false);
  const known = rows.map(() => true);
  let shares = rows.map(({ slider }) => Number(slider.value));
  rows.forEach(({ slider, number, lock }, at) => {
    slider.addEventListener("input", () => set(moved(shares, stays(), at, Number(slider.value))));
    // Enter takes the number and never starts the design.
    number.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      set(moved(shares, stays(), at, Number(number.value)));
    });
    number.addEventListener("change", () => set(moved(shares, stays(), at, Number(number.value))));
    lock.addEventListener("click", () => {
      held[at] = !held[at];
      show();
    });
  });
  show();

  function stays() {
    return held.map((one, i) => one || !known[i]);
  }

  /** @param {number[]} next */
  function set(next) {
    shares = next;
    show();
    onChange();
  }

  function show() {
    rows.forEach(({ row, slider, number, lock, words }, i) => {
      slider.value = number.value = String(shares[i]);
      slider.setAttribute("aria-valuetext", `${shares[i]} %`);
      slider.style.setProperty("--filled", `${shares[i]}%`);
      slider.disabled = number.disabled = held[i] || !known[i];
      row.hidden = !known[i];
      lock.title = held[i] ? t("{measure} stays at {share} %", { measure: words, share: shares[i] }) : t("Keep {measure} at {share} %", { measure: words, share: shares[i] });
      lock.setAttribute("aria-label", lock.title);
      // Made anew while it is pressed, the icon would swallow the click.
      if (lock.getAttribute("aria-pressed") === String(held[i]) && lock.firstChild) return;
      lock.setAttribute("aria-pressed", String(held[i]));
      lock.replaceChildren(icon(held[i] ? "lock" : "lock-open", "i-s"));
    });
  }

  return {
    /** Measures that the ground knows; the share of one that is gone goes to the others. @param {string[]} measures */
    offer(measures) {
      rows.forEach(({ measure }, i) => (known[i] = measures.includes(measure)));
      if (!known.some(Boolean)) known.fill(true);
      const gone = shares.reduce((sum, share, i) => (known[i] ? sum : sum + share), 0);
      if (gone) {
        const first = known.indexOf(true);
        const left = shares.map((share, i) => (known[i] ? share : 0));
        left[first] += gone;
        shares = left;
        held.fill(false);
        onChange();
      }
      show();
    },
    /** The measure with the largest share. */
    heaviest: () => rows[shares.indexOf(Math.max(...shares))].measure,
    /** More than one measure is a mixture. @returns {Record<string, number>} */
    mixture() {
      const taken = rows.flatMap(({ measure }, i) => (shares[i] > 0 ? [/** @type {[string, number]} */ ([measure, shares[i]])] : []));
      return taken.length > 1 ? Object.fromEntries(taken) : {};
    },
    words: (/** @type {string} */ measure) => rows.find((one) => one.measure === measure)?.words ?? measure,
  };
}
