// @ts-check
/** A case of the review in words: the queue's rows, the address, and each place on offer beside it. */
import { el, icon } from "../lib/dom.js";
import { formatDistance, formatMoney } from "../lib/format.js";
import { t } from "../lib/i18n.js";

/** Dots for a grade, as in the records. */
const LEVELS = /** @type {Record<string, number>} */ ({
  rooftop: 5, interpolated: 5, street: 4, postcode: 3, village: 3, district: 2, regency: 1, region: 1, country: 1,
});

/** @param {string} grade */
export function gradeWords(grade) {
  const words = /** @type {Record<string, string>} */ ({
    rooftop: t("Building"), interpolated: t("Between neighbours"), street: t("Street"), postcode: t("Postcode"),
    village: t("Village"), district: t("District"), regency: t("Regency"), region: t("Region"),
    country: t("Country"), none: t("No point"),
  });
  return words[grade] ?? grade;
}

/** @param {string} grade @param {number | null} radiusM */
export function gradeMark(grade, radiusM) {
  const level = LEVELS[grade] ?? 0;
  const weak = level === 0 ? " grade-none" : level < 3 ? " grade-weak" : "";
  const dots = el("span", { class: "grade-dots", "aria-hidden": "true" });
  for (let n = 0; n < 5; n += 1) dots.append(el("i", { class: n < level ? "on" : null }));
  const off = radiusM ? ` ± ${formatDistance(radiusM)}` : "";
  return el("span", { class: `grade${weak}` }, dots, gradeWords(grade) + off);
}

/** @param {string} code */
export function reasonWords(code) {
  const words = /** @type {Record<string, string>} */ ({
    moved: t("Address changed since it was placed"),
    no_point: t("Not found"),
    ambiguous: t("Several places are as likely"),
    contradiction: t("Parts contradict each other"),
    coarse: t("Known roughly only"),
    unknown: t("A name nobody knows"),
    respelt: t("Read with another spelling"),
    unsure: t("Probably far off"),
  });
  return words[code] ?? code;
}

/** @param {{code: string, given: string}} note */
export function noteWords({ code, given }) {
  const words = /** @type {Record<string, string>} */ ({
    contradiction: t("“{given}” lies elsewhere.", { given }),
    unknown: t("No place is called “{given}”.", { given }),
    respelt: t("“{given}” was read with another spelling.", { given }),
    po_box: t("“{given}” is a post-office box, not a place.", { given }),
    unknown_country: t("“{given}” is no country.", { given }),
    no_number: t("The street has no house number {given}.", { given }),
    no_locality: t("The address does not say in which town “{given}” is.", { given }),
    moved_address: t("The pin was placed for another address: “{given}”.", { given }),
  });
  return words[code] ?? given;
}

/** @param {{of_ten: number, within_m: number} | null} likely */
export function likelyWords(likely) {
  if (!likely) return "";
  const distance = formatDistance(likely.within_m);
  if (likely.of_ten >= 10) return t("Nearly all such addresses lie within {distance}", { distance });
  if (likely.of_ten < 1) return t("Hardly any such address lies within {distance}", { distance });
  return t("{n} of 10 such addresses lie within {distance}", { n: likely.of_ten, distance });
}

/**
 * A row of the queue.
 * @param {any} item @param {(item: any) => void} onOpen
 */
export function queueRow(item, onOpen) {
  return el("li", {},
    el("button", { class: "review-row", type: "button", "data-account": item.account_id, onclick: () => onOpen(item) },
      el("span", { class: "review-row-head" },
        el("strong", { class: "truncate" }, item.name),
        el("span", { class: "num muted", title: t("Revenue at stake") }, formatMoney(item.stake, { currency: item.currency, compact: true }))),
      el("span", { class: "review-row-address" }, item.written || t("No address is written")),
      el("span", { class: "review-row-why" }, reasonWords(item.reasons[0]))));
}

/** What is known of the case. @param {any} item */
export function caseView(item) {
  return [
    el("div", { class: "spread" },
      el("h2", { class: "h3" }, el("a", { href: `/accounts/${item.account_id}` }, item.name)),
      el("span", { class: "muted small" }, t("{money} a year · {owner}", { money: formatMoney(item.revenue, { currency: item.currency, compact: true }), owner: item.owner }))),
    el("p", { class: "review-written", id: "written" }, ...pieces(item.candidates[0]?.written ?? [{ text: item.written, mark: "" }])),
    el("div", { class: "review-reasons" }, ...item.reasons.map((/** @type {string} */ code) => el("span", { class: code === "respelt" ? "tag" : "tag tag-warn" }, reasonWords(code)))),
    item.notes.length
      ? el("ul", { class: "review-notes" }, ...item.notes.map((/** @type {any} */ note) => el("li", {}, noteWords(note))))
      : el("span", { hidden: true }),
  ];
}

/**
 * A place on offer: what it confirms of the address, and how sure it is.
 * @param {any} one @param {{mayDecide: boolean, onChoose: (number: number) => void, onFocus: (number: number) => void}} events
 */
export function candidateCard(one, { mayDecide, onChoose, onFocus }) {
  const focus = () => onFocus(one.number);
  return el("li", {},
    el("button", {
      class: "review-candidate",
      type: "button",
      "data-number": one.number,
      disabled: !mayDecide,
      onclick: () => onChoose(one.number),
      onmouseenter: focus,
      onfocus: focus,
    },
      el("span", { class: "review-key", "aria-hidden": "true" }, String(one.number)),
      el("span", { class: "review-place" },
        el("span", { class: "review-label" }, ...labelOf(one)),
        el("span", { class: "review-sure" },
          gradeMark(one.grade, one.radius_m),
          one.present ? el("span", { class: "tag" }, t("Where it is now")) : null),
        one.likely ? el("span", { class: "muted small" }, likelyWords(one.likely)) : null)));
}

/** @param {any} one */
function labelOf(one) {
  if (one.provider === "pin") return [icon("map-pin-filled", "i-s"), t("Placed by hand")];
  return one.label ? pieces(one.label_pieces) : [t("A point without a name")];
}

/** Words that agree, nearly agree, or stand alone. @param {Array<{text: string, mark: string}>} found */
export function pieces(found) {
  return found.map(({ text, mark }) => (mark ? el("span", { class: `word-${mark}`, title: MARKS()[mark] }, text) : document.createTextNode(text)));
}

const MARKS = () => /** @type {Record<string, string>} */ ({
  same: t("In the address and in the place"),
  near: t("Nearly the same in both"),
  alone: t("Only here"),
});
