// @ts-check
/** The customers as a table that loads while one scrolls. */
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { createTable } from "../lib/table.js";

const UNPLACED = JSON.stringify({ field: "trustworthy", op: "eq", value: false });
const asked = new URLSearchParams(location.search);
// Other pages link here with a filter in the server's language, and what it is called.
let filter = asked.get("filter") ?? (asked.get("list") === "unplaced" ? UNPLACED : "");

const table = createTable(/** @type {HTMLElement} */ (document.getElementById("accounts")), {
  url: "/api/v1/accounts",
  query: () => ({ filter }),
  columns: [
    { field: "name", title: t("Name"), sortable: true, minWidth: 200 },
    { field: "segment", title: t("Segment"), width: 96 },
    { field: "owner", title: t("Owner"), minWidth: 130, show: (owner) => owner.name },
    { field: "territory", title: t("Territory"), minWidth: 140, show: (one) => one?.name ?? "–" },
    { field: "revenue", title: t("Revenue a year"), kind: "money", sortable: true, minWidth: 136 },
    { field: "last_order", title: t("Last order"), kind: "date", sortable: true, minWidth: 116 },
    { field: "last_visit", title: t("Last visit"), kind: "date", sortable: true, minWidth: 116 },
  ],
  onRow: (row) => location.assign(`/accounts/${row.id}`),
  empty: t("No customers here."),
});

const given = asked.get("filter");
if (given) {
  const about = asked.get("about") || t("Chosen customers");
  const all = el("a", { class: "btn btn-ghost btn-icon", href: "/accounts", "aria-label": t("Without: {filter}", { filter: about }) }, icon("x", "i-s"));
  document.querySelector(".account-choice")?.append(el("span", { class: "chip" }, about, all));
}

for (const button of document.querySelectorAll("[data-list]")) {
  const unplaced = /** @type {HTMLElement} */ (button).dataset.list === "unplaced";
  button.setAttribute("aria-pressed", String(!given && unplaced === (filter !== "")));
  button.addEventListener("click", () => {
    filter = unplaced ? UNPLACED : "";
    for (const other of document.querySelectorAll("[data-list]")) other.setAttribute("aria-pressed", String(other === button));
    table.reload();
  });
}
