// @ts-check
/** A draft beside the live plan: who gains and who loses, and the accounts of each change. */
import { getJson } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { formatMoney, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";

/** @param {any} found @param {string} api @param {boolean} leads whether the plan decides about customers at all @returns {Node[]} */
export function comparisonView(found, api, leads) {
  const head = found.live_plan
    ? t("Instead of {name}, which is live now.", { name: found.live_plan })
    : t("No plan is live now.");
  if (!leads) return [el("p", {}, head), el("p", { class: "muted" }, t("Only plans of sales decide who has a customer. This one says who serves it besides: nothing changes hands, so there is nothing to count."))];
  const words = tn("{n} customer of those you see changes hands.", "{n} customers of those you see change hands.", { n: found.changing_hands });
  const left = found.left_out
    ? el("p", { class: "notice notice-warn" }, tn("{n} customer would be in no territory.", "{n} customers would be in no territory.", { n: found.left_out }))
    : null;
  return [
    el("p", {}, head),
    el("p", {}, el("b", {}, words), " ", formatMoney(found.revenue, { compact: true })),
    left,
    found.people.length ? people(found.people) : null,
    found.transfers.length ? el("h3", { class: "overline" }, t("From and to")) : null,
    ...found.transfers.slice(0, 200).map((/** @type {any} */ one) => transfer(one, api)),
  ].filter((node) => node !== null);
}

/** @param {any[]} rows */
function people(rows) {
  return el("table", { class: "territory-gains" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("Who")), el("th", { scope: "col", class: "num" }, t("Gains")), el("th", { scope: "col", class: "num" }, t("Loses")))),
    el("tbody", {}, ...rows.map((row) => el("tr", {},
      el("td", {}, row.name),
      amount("gain", row.gained, row.revenue_gained),
      amount("loss", row.lost, row.revenue_lost)))));
}

/** @param {"gain" | "loss"} kind @param {number} accounts @param {number} revenue */
function amount(kind, accounts, revenue) {
  if (!accounts) return el("td", { class: "num muted" }, "–");
  const sign = kind === "gain" ? "+" : "−";
  return el("td", { class: "num" },
    el("span", { class: kind }, `${sign}${formatNumber(accounts)}`),
    el("div", { class: "muted small" }, formatMoney(revenue, { compact: true })));
}

/** @param {any} one @param {string} api */
function transfer(one, api) {
  const side = (/** @type {any} */ s) => (s.id === null ? t("no territory") : s.people.length ? `${s.name} (${s.people.join(", ")})` : s.name);
  const list = el("ul", { class: "territory-units" });
  const box = el("details", { class: "section-fold" },
    el("summary", {}, `${side(one.before)} → ${side(one.after)} `, el("span", { class: "muted" }, `· ${formatNumber(one.accounts)}`)),
    list);
  box.addEventListener("toggle", () => {
    if (/** @type {HTMLDetailsElement} */ (box).open && !list.childElementCount) more(list, one, api, null);
  });
  return box;
}

/** @param {HTMLElement} list @param {any} one @param {string} api @param {string | null} cursor */
async function more(list, one, api, cursor) {
  const answer = await getJson(`${api}/changes/accounts`, {
    query: { before: one.before.id ?? 0, after: one.after.id ?? 0, cursor },
  });
  list.append(...answer.items.map((/** @type {any} */ account) => el("li", {}, el("a", { class: "truncate", href: `/accounts/${account.id}` }, account.name), el("span", { class: "muted num" }, formatMoney(account.revenue, { compact: true })))));
  if (!answer.next) return;
  const button = el("button", { class: "btn btn-ghost", type: "button" }, t("More"));
  const item = el("li", {}, button);
  button.addEventListener("click", () => {
    item.remove();
    more(list, one, api, answer.next);
  });
  list.append(item);
}
