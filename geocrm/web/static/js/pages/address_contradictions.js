// @ts-check
/** Points that contradict their address: kinds with counts, their customers, and what to do. */
import { getJson, postJson } from "../lib/api.js";
import { confirm } from "../lib/confirm.js";
import { el } from "../lib/dom.js";
import { formatMoney, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { gradeWords } from "./address_review_case.js";

const API = "/api/v1/address-contradictions";
const PAGE = 20;
const JOB_EVERY_MS = 1000;

/** @param {string} kind @returns {[string, string]} a title and what is meant */
function kindWords(kind) {
  const words = /** @type {Record<string, [string, string]>} */ ({
    zero: [t("On zero"), t("A coordinate is exactly 0: it was never filled in.")],
    swapped: [t("Longitude and latitude swapped"), t("The other way round the point lies where the address says.")],
    sign: [t("Sign lost"), t("On the other side of the equator or of Greenwich the point lies where the address says.")],
    sea: [t("In the sea"), t("There is no land within 10 km.")],
    country: [t("In another country"), t("More than 50 km outside the country of the address.")],
    outside: [t("Outside the named area"), t("The address names a regency, city or province in which the point does not lie.")],
    pile: [t("Piled up"), t("Five or more different addresses on one exact point.")],
  });
  return words[kind] ?? [kind, ""];
}

/** @param {string} proposal @param {string} kind */
function proposalWords(proposal, kind) {
  if (proposal === "move") return kind === "swapped" ? t("Swap") : t("Put the sign right");
  return proposal === "address" ? t("Use the point of the address") : t("Keep as it is");
}

/**
 * @param {HTMLElement} box
 * @param {{mayUpdate: boolean, onChange: () => void, onLook: (row: any) => void}} page
 */
export function bindContradictions(box, page) {
  /** @type {string} */
  let opened = "";

  async function load() {
    box.setAttribute("aria-busy", "true");
    const { items } = await getJson(API);
    box.removeAttribute("aria-busy");
    box.replaceChildren(...(items.length ? items.map(kindView) : [el("p", { class: "card-pad muted" }, t("No point contradicts its address."))]));
  }

  /** @param {any} kind */
  function kindView(kind) {
    const [title, meaning] = kindWords(kind.kind);
    const list = el("div", { class: "quality-rows" });
    const fold = /** @type {HTMLDetailsElement} */ (el("details", { class: "quality-kind", open: opened === kind.kind },
      el("summary", {},
        el("span", { class: "grow" }, el("b", {}, title), el("span", { class: "muted small d-block" }, meaning)),
        el("span", { class: "num" }, el("b", {}, formatNumber(kind.customers)), el("span", { class: "muted small d-block" }, formatMoney(kind.revenue, { compact: true })))),
      page.mayUpdate ? bulk(kind) : null,
      list));
    const fill = () => {
      opened = fold.open ? kind.kind : opened;
      if (fold.open && !list.childElementCount) more(list, kind, null);
    };
    fold.addEventListener("toggle", fill);
    if (fold.open) fill();
    return fold;
  }

  /** @param {any} kind */
  function bulk(kind) {
    const buttons = kind.proposals.map((/** @type {string} */ proposal) =>
      el("button", { class: "btn", type: "button", onclick: () => all(kind, proposal) }, `${proposalWords(proposal, kind.kind)} (${formatNumber(kind.customers)})`));
    return el("div", { class: "quality-bulk" }, el("span", { class: "muted small" }, t("For all of them:")), ...buttons);
  }

  /** @param {HTMLElement} list @param {any} kind @param {string | null} cursor */
  async function more(list, kind, cursor) {
    const page_ = await getJson(`${API}/${kind.kind}`, { query: { limit: PAGE, cursor } });
    list.append(...page_.items.map((/** @type {any} */ row) => rowView(row, kind)));
    if (!page_.next) return;
    const button = el("button", { class: "btn btn-ghost btn-wide", type: "button" }, t("Show more"));
    button.addEventListener("click", () => {
      button.remove();
      more(list, kind, page_.next);
    });
    list.append(button);
  }

  /** @param {any} row @param {any} kind */
  function rowView(row, kind) {
    const act = (/** @type {string} */ proposal) => settle(kind, { proposal, account_ids: [row.account_id] });
    return el("div", { class: "quality-row", onmouseenter: () => page.onLook(row), onfocusin: () => page.onLook(row) },
      el("div", { class: "grow" },
        el("a", { href: `/accounts/${row.account_id}` }, row.name),
        el("div", { class: "small" }, row.written || t("No address is written")),
        el("div", { class: "muted small" }, whereWords(row))),
      page.mayUpdate
        ? el("div", { class: "quality-acts" }, ...kind.proposals.map((/** @type {string} */ proposal, /** @type {number} */ index) =>
            el("button", { class: index ? "btn btn-ghost" : "btn", type: "button", onclick: () => act(proposal) }, proposalWords(proposal, kind.kind))))
        : null);
  }

  /** @param {any} kind @param {string} proposal */
  async function all(kind, proposal) {
    const words = proposalWords(proposal, kind.kind);
    const question = tn("{what}: {n} customer. Go on?", "{what}: {n} customers. Go on?", { what: words, n: kind.customers });
    if (await confirm(question, { yes: words })) settle(kind, { proposal });
  }

  /** @param {any} kind @param {Record<string, unknown>} wanted */
  async function settle(kind, wanted) {
    const done = await postJson(`${API}/${kind.kind}/settle`, wanted);
    if (done.job) await follow(done.job, box);
    const result = done.job ? await getJson(`/api/v1/jobs/${done.job}`) : { result: done };
    tell(result.result ?? { changed: 0, skipped: 0 }, done.decision);
    await load();
    page.onLook(null);
    page.onChange();
  }

  /** @param {{changed: number, skipped: number}} result @param {number} decision */
  function tell({ changed, skipped }, decision) {
    const words = tn("{n} point was put right.", "{n} points were put right.", { n: changed });
    const left = tn("{n} has nothing better and stays.", "{n} have nothing better and stay.", { n: skipped });
    toast(skipped ? `${words} ${left}` : words, changed ? "good" : "info", changed ? { action: { words: t("Undo"), run: () => undo(decision) } } : {});
  }

  /** @param {number} decision */
  async function undo(decision) {
    const done = await postJson(`/api/v1/address-decisions/${decision}/undo`);
    if (done.job) await follow(done.job, box);
    toast(t("The points are as they were."), "good");
    await load();
    page.onChange();
  }

  load();
}

/** @param {any} row */
function whereWords(row) {
  const at = `${formatNumber(row.lat, 5)}, ${formatNumber(row.lon, 5)}`;
  const lies = row.unit ? t("Lies in {unit}", { unit: row.unit }) : t("Lies in no known area");
  return `${lies} · ${at} · ${gradeWords(row.grade)}`;
}

/** Show how far a job is until it has ended. @param {number} job @param {HTMLElement} box */
async function follow(job, box) {
  const bar = el("span");
  const words = el("span", { class: "muted small" });
  const line = el("div", { class: "quality-job", role: "status" }, el("div", { class: "progress-line" }, bar), words);
  box.prepend(line);
  for (;;) {
    const now = await getJson(`/api/v1/jobs/${job}`);
    if (now.total) {
      bar.style.width = `${(now.done / now.total) * 100}%`;
      words.textContent = t("{done} of {total}", { done: formatNumber(now.done), total: formatNumber(now.total) });
    }
    if (["done", "failed", "cancelled"].includes(now.state)) {
      line.remove();
      if (now.state === "failed") toast(now.message, "bad");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, JOB_EVERY_MS));
  }
}
