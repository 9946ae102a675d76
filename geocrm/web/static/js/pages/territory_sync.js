// @ts-check
/** Others at the same plan: who is there, what they saved, and what both of us changed. */
import { csrfToken, postJson } from "../lib/api.js";
import { el, icon, swatch } from "../lib/dom.js";
import { formatDateTime } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { colourAt } from "../lib/palette.js";

const EVERY_MS = 10_000;

/**
 * @param {string} api
 * @param {{version: () => number, unsaved: () => number, onAround: (around: any) => void}} page
 */
export function createSync(api, { version, unsaved, onAround }) {
  const tab = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  /** @type {Promise<void> | null} */
  let asking = null;

  /** Ask now; those who ask meanwhile wait for the same answer. */
  function now() {
    asking ??= ask().finally(() => (asking = null));
    return asking;
  }

  async function ask() {
    onAround(await since(version()));
  }

  /** Who is there, and what was saved since a version. @param {number} from */
  const since = (from) => postJson(`${api}/presence`, { tab, version: from, unsaved: unsaved() }, { quiet: true });

  const quietly = () => document.visibilityState === "visible" && now().catch(() => undefined);
  const timer = setInterval(quietly, EVERY_MS);
  document.addEventListener("visibilitychange", quietly);
  addEventListener("pagehide", () => {
    clearInterval(timer);
    fetch(`${api}/presence/${tab}`, { method: "DELETE", keepalive: true, headers: { "X-CSRF-Token": csrfToken(), "X-Requested-With": "fetch" } }).catch(() => undefined);
  });
  return { now, since };
}

/** Who else is here. @param {HTMLElement} place @param {{name: string, unsaved: number, self: boolean}[]} others */
export function showOthers(place, others) {
  place.hidden = !others.length;
  place.replaceChildren(...others.map((one) => el("li", {},
    el("span", { class: "avatar-mark", "aria-hidden": "true" }, initials(one.name)),
    el("span", { class: "grow" }, one.self ? t("You, on another page") : t("{name} has this plan open too", { name: one.name })),
    one.unsaved ? el("span", { class: "muted small" }, tn("{n} unit not saved", "{n} units not saved", { n: one.unsaved })) : null)));
}

/** @param {string} name */
function initials(name) {
  return name.split(/\s+/).map((part) => part[0] ?? "").slice(0, 2).join("").toUpperCase();
}

/**
 * What others saved, as a list.
 * @param {import("./territory_state.js").PlanState} state @param {import("./territory_merge.js").SavedStep[]} steps
 */
export function stepsList(state, steps) {
  return steps.map((step) => el("section", { class: "stack-s" },
    el("h3", { class: "overline" }, `${step.who ?? t("Operator")} · ${formatDateTime(step.at)}`),
    el("ul", { class: "territory-units" }, ...movesList(state, step.moves))));
}

/** @param {import("./territory_state.js").PlanState} state @param {{unit: string, before: number, after: number}[]} moves */
export function movesList(state, moves) {
  const most = 200;
  const rows = moves.slice(0, most).map(({ unit, before, after }) => {
    const u = state.row.get(unit);
    return el("li", {}, el("span", { class: "truncate" }, u === undefined ? unit : state.columns.name[u]), el("span", { class: "muted" }, `${nameOf(state, before)} → ${nameOf(state, after)}`));
  });
  if (moves.length > most) rows.push(el("li", { class: "muted" }, tn("and {n} more", "and {n} more", { n: moves.length - most })));
  return rows;
}

/** @param {import("./territory_state.js").PlanState} state @param {number} number */
export function nameOf(state, number) {
  if (!number) return t("unassigned");
  return state.territories.get(number)?.name ?? t("territory {n}", { n: number });
}

/**
 * Units that both moved: mine or theirs, one by one or all at once.
 * @param {import("./territory_state.js").PlanState} state
 * @param {import("./territory_merge.js").Clash[]} clashes
 * @param {(answers: {unit: number, to: number}[]) => void} onAnswer
 */
export function clashesView(state, clashes, onAnswer) {
  /** @type {Map<number, number>} */
  const answers = new Map();
  const done = /** @type {HTMLButtonElement} */ (el("button", { class: "btn btn-primary", type: "button", id: "clashes-done", disabled: true, onclick: () => onAnswer([...answers].map(([unit, to]) => ({ unit, to }))) }, icon("check"), t("Go on")));
  const rows = clashes.map((clash) => {
    const choose = (/** @type {number} */ to) => {
      answers.set(clash.unit, to);
      mine.setAttribute("aria-pressed", String(to === clash.mine));
      theirs.setAttribute("aria-pressed", String(to === clash.theirs));
      done.disabled = answers.size < clashes.length;
    };
    const side = (/** @type {number} */ to, /** @type {string} */ who) => el("button", { class: "btn", type: "button", "aria-pressed": "false", onclick: () => choose(to) },
      swatch(colourAt(state.territories.get(to)?.colour ?? 0)), el("span", { class: "truncate" }, `${who}: ${nameOf(state, to)}`));
    const mine = side(clash.mine, t("Mine"));
    const theirs = side(clash.theirs, clash.who || t("Theirs"));
    return { choose, clash, item: el("li", { class: "clash" }, el("b", {}, state.columns.name[clash.unit]), el("div", { class: "clash-sides" }, mine, theirs)) };
  });
  const all = (/** @type {"mine" | "theirs"} */ side) => rows.forEach((row) => row.choose(row.clash[side]));
  return [
    el("p", {}, tn("{n} unit was moved by both of you. Nothing is saved until you choose.", "{n} units were moved by both of you. Nothing is saved until you choose.", { n: clashes.length })),
    el("div", { class: "row-line" },
      el("button", { class: "btn btn-ghost", type: "button", onclick: () => all("mine") }, t("Mine for all")),
      el("button", { class: "btn btn-ghost", type: "button", onclick: () => all("theirs") }, t("Theirs for all"))),
    el("ul", { class: "clashes" }, ...rows.map((row) => row.item)),
    done,
  ];
}
