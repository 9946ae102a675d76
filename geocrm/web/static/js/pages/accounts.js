// @ts-check
/** The customers as a table that loads while one scrolls. */
import { t } from "../lib/i18n.js";
import { createTable } from "../lib/table.js";

const UNPLACED = JSON.stringify({ field: "trustworthy", op: "eq", value: false });
let filter = new URLSearchParams(location.search).get("list") === "unplaced" ? UNPLACED : "";

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

for (const button of document.querySelectorAll("[data-list]")) {
  const unplaced = /** @type {HTMLElement} */ (button).dataset.list === "unplaced";
  button.setAttribute("aria-pressed", String(unplaced === (filter !== "")));
  button.addEventListener("click", () => {
    filter = unplaced ? UNPLACED : "";
    for (const other of document.querySelectorAll("[data-list]")) other.setAttribute("aria-pressed", String(other === button));
    table.reload();
  });
}
