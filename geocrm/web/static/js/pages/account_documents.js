// @ts-check
/** Documents of a customer: sent as soon as they are chosen, and shown as pictures we painted. */
import { errorText } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";

const MAX_BYTES = 25 * 1024 * 1024;

export function bindDocuments() {
  for (const field of document.querySelectorAll("[data-upload]")) field.addEventListener("change", send);
  // A page that loads anew does not go to the place its address names.
  if (location.hash === "#documents") document.getElementById("documents")?.scrollIntoView();
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("[data-preview]") : null;
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show(link);
  });
}

/** A refusal is told on the page; what was kept shows itself as the page loads anew. @param {Event} event */
async function send(event) {
  const field = /** @type {HTMLInputElement} */ (event.target);
  const file = field.files?.[0];
  if (!file) return;
  if (file.size > MAX_BYTES) {
    toast(t("{name} is larger than 25 MB: make it smaller, or send it in parts.", { name: file.name }), "bad");
    field.value = "";
    return;
  }
  const label = field.closest("label");
  label?.setAttribute("aria-busy", "true");
  const said = toast(t("Sending {name} …", { name: file.name }), "info");
  const refused = await refusal(/** @type {HTMLFormElement} */ (field.form));
  said();
  label?.removeAttribute("aria-busy");
  field.value = "";
  if (refused) return toast(refused, "bad");
  location.hash = "documents";
  location.reload();
}

/** Why the server does not take it; an empty text when it does. @param {HTMLFormElement} form */
async function refusal(form) {
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
    return answer.type === "opaqueredirect" ? "" : errorText(answer.status, await answer.text());
  } catch {
    return t("The server cannot be reached. Check the connection and try again.");
  }
}

/** @param {HTMLAnchorElement} link */
function show(link) {
  const name = link.textContent ?? "";
  const page = { number: 1 };
  const picture = /** @type {HTMLImageElement} */ (el("img", { class: "preview-picture", alt: name }));
  const lost = el("p", { class: "muted preview-lost", hidden: true });
  const where = el("span", { class: "muted small" });
  const load = () => {
    lost.hidden = true;
    picture.hidden = false;
    box.setAttribute("aria-busy", "true");
    where.textContent = link.dataset.pages ? t("Page {n}", { n: page.number }) : "";
    picture.src = `${link.dataset.preview}?page=${page.number}`;
    back?.toggleAttribute("disabled", page.number === 1);
  };
  const turn = (/** @type {number} */ step) => {
    page.number = Math.max(1, page.number + step);
    load();
  };
  const paged = Boolean(link.dataset.pages);
  const back = paged ? el("button", { class: "btn btn-icon", type: "button", "aria-label": t("Page before"), onclick: () => turn(-1) }, icon("chevron-left")) : null;
  const on = paged ? el("button", { class: "btn btn-icon", type: "button", "aria-label": t("Page after"), onclick: () => turn(1) }, icon("chevron-right")) : null;
  const box = /** @type {HTMLDialogElement} */ (
    el("dialog", { class: "modal-box preview-box", "aria-label": name },
      el("div", { class: "preview-head" },
        el("b", { class: "grow truncate" }, name), where, back, on,
        el("a", { class: "btn btn-icon", href: link.href, "aria-label": t("Download {name}", { name }) }, icon("download")),
        el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Close"), onclick: () => box.close() }, icon("x"))),
      el("div", { class: "preview-body" }, picture, lost))
  );
  picture.addEventListener("load", () => box.removeAttribute("aria-busy"));
  picture.addEventListener("error", () => {
    box.removeAttribute("aria-busy");
    picture.hidden = true;
    lost.hidden = false;
    lost.textContent = page.number > 1 ? t("There is no such page.") : t("This file cannot be shown here: download it.");
  });
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
  box.addEventListener("close", () => {
    box.remove();
    link.focus();
  });
  document.body.append(box);
  box.showModal();
  load();
}
