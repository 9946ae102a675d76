// @ts-check
/** Who works in a territory, as what, and from which day to which. */
import { el, icon } from "../lib/dom.js";
import { formatDate } from "../lib/format.js";
import { t } from "../lib/i18n.js";

/** @typedef {{user_id: number, name: string, role: string, from_day?: string | null, to_day?: string | null}} Person */

/** @param {string} role */
const roleWords = (role) => (role === "manager" ? t("Manager") : t("Rep"));

/** The days of somebody in words; nothing when they have none. @param {Person} one */
function daysOf(one) {
  if (one.from_day && one.to_day) return t("{a} to {b}", { a: formatDate(one.from_day), b: formatDate(one.to_day) });
  if (one.from_day) return t("from {day}", { day: formatDate(one.from_day) });
  return one.to_day ? t("until {day}", { day: formatDate(one.to_day) }) : "";
}

/** To be read only. @param {Person[]} people */
export function peopleList(people) {
  if (!people.length) return el("p", { class: "muted" }, t("Nobody"));
  return el("ul", { class: "people-list" }, ...people.map((one) => el("li", {}, el("b", {}, one.name), el("span", { class: "muted small" }, [roleWords(one.role), daysOf(one)].filter(Boolean).join(" · ")))));
}

/**
 * The same to be changed; every change hands over everybody, as they are by then: somebody quick has
 * changed one field while another is on its way.
 * @param {{people: Person[]}} territory @param {{id: number, name: string}[]} reps @param {(people: Person[]) => void} change
 */
export function peopleForm(territory, reps, change) {
  const { people } = territory;
  const alter = (/** @type {number} */ id, /** @type {Partial<Person> | null} */ fields) =>
    change(fields ? territory.people.map((p) => (p.user_id === id ? { ...p, ...fields } : p)) : territory.people.filter((p) => p.user_id !== id));
  const rows = people.map((one, at) => personRow(one, at, (fields) => alter(one.user_id, fields)));
  const free = reps.filter((rep) => !people.some((one) => one.user_id === rep.id));
  return el("fieldset", { class: "people-set" },
    el("legend", { class: "overline" }, t("People")),
    people.length ? null : el("p", { class: "muted small" }, t("Nobody yet.")),
    ...rows,
    free.length ? adder(free, (user) => change([...territory.people, { user_id: user.id, name: user.name, role: "rep", from_day: null, to_day: null }])) : null);
}

/** @param {Person} one @param {number} at @param {(fields: Partial<Person> | null) => void} change null takes them out */
function personRow(one, at, change) {
  const role = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", "aria-label": t("What {name} does", { name: one.name }) },
    ...["rep", "manager"].map((value) => el("option", { value, selected: value === one.role }, roleWords(value)))));
  role.addEventListener("change", () => change({ role: role.value }));
  return el("div", { class: "person" },
    el("div", { class: "person-head" },
      el("b", { class: "truncate" }, one.name), role,
      el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Take {name} out", { name: one.name }), onclick: () => change(null) }, icon("x"))),
    el("div", { class: "person-days" },
      day(`person-from-${at}`, t("From"), one.from_day, (value) => change({ from_day: value })),
      day(`person-to-${at}`, t("To, itself included"), one.to_day, (value) => change({ to_day: value }))));
}

/** @param {string} id @param {string} words @param {string | null | undefined} value @param {(value: string | null) => void} change */
function day(id, words, value, change) {
  const input = /** @type {HTMLInputElement} */ (el("input", { class: "form-control", type: "date", id, value: value ?? "" }));
  let known = value ?? null;
  // Not at each key: a year is typed digit by digit, and every change is saved.
  input.addEventListener("blur", () => {
    const now = input.value || null;
    if (now === known) return;
    known = now;
    change(now);
  });
  return el("div", { class: "field" }, el("label", { for: id }, words), input);
}

/** @param {{id: number, name: string}[]} free @param {(user: {id: number, name: string}) => void} add */
function adder(free, add) {
  const who = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", id: "add-person" }, el("option", { value: "" }, t("Choose somebody")), ...free.map((rep) => el("option", { value: rep.id }, rep.name))));
  const button = el("button", { class: "btn", type: "button", id: "add-person-do" }, icon("user-plus"), t("Add"));
  button.addEventListener("click", () => {
    const found = free.find((rep) => String(rep.id) === who.value);
    if (found) add(found);
    else who.focus();
  });
  return el("div", { class: "field" }, el("label", { for: "add-person" }, t("Add somebody")), el("div", { class: "person-add" }, who, button));
}
