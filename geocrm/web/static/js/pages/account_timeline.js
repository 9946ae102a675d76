// @ts-check
/** The timeline of a customer: chips that filter it, and more entries without leaving the page. */
import { toast } from "../lib/toast.js";
import { t } from "../lib/i18n.js";

/** Links that work without this module too: it only spares the page around them. */
export function bindTimeline() {
  const list = document.getElementById("events");
  const kinds = document.getElementById("timeline-kinds");
  if (!list) return;
  list.addEventListener("click", async (event) => {
    const link = event.target instanceof Element ? event.target.closest("[data-more]") : null;
    if (!(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    const holder = link.closest("li");
    const entries = await load(list, new URL(link.href).searchParams);
    if (!entries || !holder?.isConnected) return;
    const first = entries.querySelector("li");
    holder.replaceWith(entries);
    first?.setAttribute("tabindex", "-1");
    first?.focus({ preventScroll: true });
  });
  kinds?.addEventListener("click", async (event) => {
    const chip = event.target instanceof Element ? event.target.closest("[data-kind]") : null;
    if (!(chip instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    for (const other of kinds.querySelectorAll("[data-kind]")) other.toggleAttribute("aria-current", false);
    chip.setAttribute("aria-current", "true");
    const entries = await load(list, new URLSearchParams({ kind: chip.dataset.kind ?? "" }));
    if (!entries || chip.getAttribute("aria-current") !== "true") return;
    list.replaceChildren(entries);
    history.replaceState(null, "", chip.dataset.kind ? `?kind=${chip.dataset.kind}` : location.pathname);
  });
}

/** Entries from our own server. @param {HTMLElement} list @param {URLSearchParams} query */
async function load(list, query) {
  list.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`/accounts/${list.dataset.account}/timeline?${query}`, { headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    return holder.content;
  } catch {
    toast(t("The entries could not be loaded. Try again."), "bad");
    return null;
  } finally {
    list.removeAttribute("aria-busy");
  }
}
