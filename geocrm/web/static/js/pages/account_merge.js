// @ts-check
/** Find the other record of the same customer by name, number or e-mail address. */
import { el, icon } from "../lib/dom.js";
import { t, tn } from "../lib/i18n.js";
import { findGroups } from "../lib/search.js";

const WAIT_MS = 180;
const SHORTEST = 2;
const CUSTOMERS = ["accounts", "contacts", "phones", "emails"];

const field = /** @type {HTMLInputElement} */ (document.getElementById("other"));
const list = /** @type {HTMLElement} */ (document.getElementById("others"));
const said = /** @type {HTMLElement} */ (document.getElementById("others-said"));
const account = Number(list.dataset.account);
let timer = 0;
let asking = new AbortController();

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = window.setTimeout(ask, WAIT_MS);
});
field.form?.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});

async function ask() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const typed = field.value.trim();
  if (typed.length < SHORTEST) return show([], "");
  const groups = await findGroups(typed, signal).catch(() => null);
  if (signal.aborted) return;
  if (groups) show(others(groups), t("No other customer is found by “{words}”.", { words: typed }));
  else show([], t("The search did not answer. Try again."));
}

/** Each customer once, however it was found. @param {import("../lib/search.js").Group[]} groups */
function others(groups) {
  const hits = groups.filter((group) => CUSTOMERS.includes(group.kind)).flatMap((group) => group.items);
  return [...new Map(hits.filter((hit) => hit.id !== account).map((hit) => [hit.id, hit])).values()];
}

/** @param {any[]} hits @param {string} nobody */
function show(hits, nobody) {
  said.textContent = hits.length ? tn("{n} customer", "{n} customers", { n: hits.length }) : nobody;
  list.replaceChildren(...hits.map(row));
}

/** @param {any} hit */
function row(hit) {
  const words = el("span", { class: "grow" }, el("b", {}, hit.label), hit.detail ? el("span", { class: "muted small d-block" }, hit.detail) : null);
  return el("li", {}, el("a", { href: `/accounts/${account}/merge/${hit.id}` }, icon("building-store"), words, icon("git-compare")));
}
