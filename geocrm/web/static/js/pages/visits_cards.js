// @ts-check
/** What the day looks like as cards and lists: the next stop, the others, and who is left out. */
import { el, icon } from "../lib/dom.js";
import { formatDate, formatDistance, formatDuration, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";

/** A time of the plan where the rep is, whatever zone this browser is in. @param {string} iso */
export const clockOf = (iso) => iso.slice(11, 16);

/**
 * @typedef {{onOutcome: (stop: any, outcome: string) => void, onOpen: (account: number) => void, onHover: (account: number | null) => void, mayRecord: boolean}} Actions
 */

/** @param {any} plan @param {number | null} open @param {Actions} actions */
export function dayView(plan, open, actions) {
  const next = plan.stops.find((/** @type {any} */ stop) => !stop.outcome);
  return [
    progress(plan),
    next ? nextCard(plan, next, actions) : plan.stops.length ? allDone(plan) : nobodyPlanned(plan),
    plan.stops.length ? stopList(plan, next, open, actions) : null,
    leftOut(plan),
  ].filter((part) => part !== null);
}

/** @param {any} plan */
function progress(plan) {
  const settled = plan.stops.filter((/** @type {any} */ stop) => stop.outcome).length;
  const total = plan.stops.length;
  const fill = el("span", {});
  fill.style.width = `${total ? (settled / total) * 100 : 0}%`;
  const figures = [
    t("{drive} driving", { drive: formatDuration(plan.drive_s) }),
    formatDistance(plan.distance_m),
    t("back {time}", { time: clockOf(plan.return) }),
  ];
  return el(
    "section",
    { class: "visits-progress", "aria-label": t("Progress of the day") },
    el(
      "div",
      { class: "spread" },
      el("strong", {}, t("{n} of {total}", { n: settled, total })),
      el(
        "a",
        { class: "btn btn-ghost", href: `/visits/sheet?rep=${plan.rep.id}&date=${plan.date}`, download: "" },
        icon("printer"),
        t("Route sheet"),
      ),
    ),
    el("div", { class: "progress-line", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": total, "aria-valuenow": settled, "aria-label": t("Visits with an outcome") }, fill),
    el("div", { class: "muted small visits-figures" }, el("span", {}, figures.join(" · ")), estimated(plan)),
  );
}

/** @param {any} plan */
function estimated(plan) {
  if (plan.travel_times !== "estimate") return null;
  return el("span", { class: "tag", title: t("From the straight line, not from roads") }, t("estimated"));
}

/** @param {any} plan @param {any} stop @param {Actions} actions */
function nextCard(plan, stop, actions) {
  const number = plan.stops.indexOf(stop) + 1;
  return el(
    "section",
    { class: "card visits-next", "aria-label": t("Next stop") },
    el(
      "div",
      { class: "visits-next-head" },
      el("span", { class: "overline" }, t("Next stop · {n}", { n: number })),
      el("span", { class: "visits-time" }, clockOf(stop.arrive), " ", el("small", {}, t("estimated"))),
    ),
    el("h2", {}, el("a", { href: `/accounts/${stop.account}` }, stop.name)),
    el("p", { class: "visits-why" }, reason(stop)),
    el("p", { class: "visits-address" }, icon("map-pin", "i-s"), el("span", {}, stop.address || t("No address"))),
    el(
      "p",
      { class: "muted small" },
      [
        wayTo(stop, number),
        stop.wait_s > 60 ? t("opens {time}", { time: stop.opens }) : null,
        stop.closes ? t("closes {time}", { time: stop.closes }) : null,
      ].filter(Boolean).join(" · "),
    ),
    known(stop),
    handOff(stop),
    actions.mayRecord ? outcomes(stop, actions) : null,
  );
}

/** @param {any} stop @param {number} number */
function wayTo(stop, number) {
  const figures = { distance: formatDistance(stop.distance_m), time: formatDuration(stop.drive_s) };
  if (number === 1) return t("{distance}, about {time} from the start", figures);
  return t("{distance}, about {time} from the stop before", figures);
}

/** @param {any} stop */
function reason(stop) {
  return stop.chosen ? [t("Ticked"), stop.why].join(" · ") : stop.why;
}

/** @param {any} stop */
function known(stop) {
  const rows = [
    [t("Contact"), stop.contact],
    [t("Segment"), stop.segment],
    [t("Last visit"), stop.last_visit ? formatDate(stop.last_visit) : t("never")],
    [t("Last order"), stop.last_order ? formatDate(stop.last_order) : t("none")],
    [t("Last note"), stop.note || stop.last_note],
  ].filter(([, value]) => value);
  return el("dl", { class: "facts visits-facts" }, ...rows.flatMap(([label, value]) => [el("dt", {}, label), el("dd", {}, value)]));
}

/** Call, and hand the way over to whatever the telephone navigates with. @param {any} stop */
function handOff(stop) {
  const at = `${stop.lat.toFixed(6)},${stop.lon.toFixed(6)}`;
  const label = encodeURIComponent(stop.name.replaceAll(/[()]/g, " "));
  return el(
    "div",
    { class: "visits-hand-off" },
    stop.phone
      ? el("a", { class: "btn", href: `tel:${stop.phone}`, "aria-label": t("Call {name}", { name: stop.name }) }, icon("phone-call"), t("Call"))
      : el("span", { class: "btn", "aria-disabled": "true" }, icon("phone"), t("No number")),
    el("a", { class: "btn", href: `geo:${at}?q=${at}(${label})`, "aria-label": t("Navigate to {name}", { name: stop.name }) }, icon("navigation"), t("Navigate")),
  );
}

/** @param {any} stop @param {Actions} actions */
function outcomes(stop, actions) {
  const button = (/** @type {string} */ outcome, /** @type {string} */ symbol, /** @type {string} */ words, /** @type {string} */ look) =>
    el(
      "button",
      {
        class: `btn ${look}`,
        type: "button",
        "data-outcome": outcome,
        "aria-pressed": outcome === "note" ? null : String(stop.outcome === outcome),
        disabled: outcome !== "note" && stop.outcome === outcome,
        onclick: () => actions.onOutcome(stop, outcome),
      },
      icon(symbol),
      words,
    );
  return el(
    "div",
    { class: "visits-outcomes", role: "group", "aria-label": t("What came of the visit") },
    button("done", "circle-check", t("Done"), "btn-primary"),
    button("nobody", "user-x", t("Nobody there"), ""),
    button("postponed", "calendar-event", t("Postponed"), ""),
    button("note", "note", t("Note"), ""),
  );
}

/** @param {any} plan @param {any} next @param {number | null} open @param {Actions} actions */
function stopList(plan, next, open, actions) {
  const rows = plan.stops.map((/** @type {any} */ stop, /** @type {number} */ index) =>
    stopRow(stop, index + 1, stop === next, stop.account === open, actions),
  );
  return el(
    "section",
    { class: "card" },
    el("div", { class: "card-head" }, el("h2", { class: "h3" }, t("The day")), el("span", { class: "muted small" }, t("Arrivals are estimated"))),
    el("ol", { class: "visits-stops" }, ...rows),
  );
}

/** @param {any} stop @param {number} number @param {boolean} isNext @param {boolean} isOpen @param {Actions} actions */
function stopRow(stop, number, isNext, isOpen, actions) {
  const id = `stop-${stop.account}`;
  return el(
    "li",
    {
      class: `visits-stop${isNext ? " is-next" : ""}${stop.outcome ? " is-settled" : ""}`,
      onmouseenter: () => actions.onHover(stop.account),
      onmouseleave: () => actions.onHover(null),
    },
    el(
      "button",
      { class: "visits-stop-head", type: "button", "data-account": stop.account, "aria-expanded": String(isOpen), "aria-controls": id, onclick: () => actions.onOpen(stop.account) },
      el("span", { class: `visits-pin ${stop.outcome ?? ""}` }, String(number)),
      el("span", { class: "visits-stop-time" }, clockOf(stop.arrive)),
      el("span", { class: "grow truncate" }, stop.name),
      stateTag(stop),
    ),
    el("div", { class: "visits-stop-body stack", id, hidden: !isOpen }, ...(isOpen ? stopBody(stop, actions) : [])),
  );
}

/** @param {any} stop @param {Actions} actions */
function stopBody(stop, actions) {
  return [
    el("p", {}, reason(stop)),
    el("p", { class: "muted small" }, stop.address || t("No address")),
    known(stop),
    handOff(stop),
    actions.mayRecord ? outcomes(stop, actions) : null,
    el("a", { class: "small", href: `/accounts/${stop.account}` }, t("Open the customer")),
  ].filter((part) => part !== null);
}

/** @param {any} stop */
function stateTag(stop) {
  if (stop.waiting) return el("span", { class: "tag tag-warn" }, t("waiting to be sent"));
  if (stop.outcome === "done") return el("span", { class: "tag tag-good" }, t("done"));
  if (stop.outcome === "nobody") return el("span", { class: "tag tag-bad" }, t("nobody there"));
  if (stop.outcome === "postponed") return el("span", { class: "tag tag-info" }, t("postponed to {day}", { day: formatDate(stop.postponed_to) }));
  return el("span", { class: "muted small" }, formatDistance(stop.distance_m));
}

/** @param {any} plan */
function allDone(plan) {
  const done = plan.stops.filter((/** @type {any} */ stop) => stop.outcome === "done").length;
  return empty("checks", t("The day is done"), tn("{n} visit made. Those where nobody was there come again soon.", "{n} visits made. Those where nobody was there come again soon.", { n: done }));
}

/** @param {any} plan */
function nobodyPlanned(plan) {
  const words = plan.unplanned.length
    ? t("Nobody could be fitted in; the reasons are below. Change the hours, the start or whom to visit.")
    : t("Nobody is due on this day. Tick customers to visit them all the same.");
  return empty("route", t("No visits on this day"), words);
}

/** @param {string} symbol @param {string} title @param {string} text */
export function empty(symbol, title, text) {
  return el("div", { class: "card empty" }, icon(symbol), el("h2", { class: "h3" }, title), el("p", {}, text));
}

/** @param {any} plan */
function leftOut(plan) {
  const count = plan.unplanned.length;
  if (!count && !plan.due_beyond) return null;
  const rows = plan.unplanned.map((/** @type {any} */ one) =>
    el("li", {}, el("a", { href: `/accounts/${one.account}` }, one.name), el("div", { class: "muted small" }, one.reason)),
  );
  return el(
    "details",
    { class: "card visits-left-out" },
    el("summary", { class: "card-head" }, el("span", { class: "h3" }, tn("{n} customer not on this day", "{n} customers not on this day", { n: count })), icon("chevron-down")),
    el("ul", { class: "visits-reasons" }, ...rows),
    plan.due_beyond
      ? el("p", { class: "card-pad muted small" }, t("{n} more are due and lie farther away or are less urgent; they come on other days.", { n: formatNumber(plan.due_beyond) }))
      : null,
  );
}
