// @ts-check
/** Asks before something is done that is hard to take back. */
import { el } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {string} question
 * @param {{yes?: string, no?: string, danger?: boolean}} [options]
 * @returns {Promise<boolean>}
 */
export function confirm(question, options = {}) {
  const yes = el("button", { class: options.danger ? "btn btn-danger" : "btn btn-primary", value: "yes" }, options.yes ?? t("Yes, go on"));
  const no = el("button", { class: "btn btn-ghost", value: "no", autofocus: true }, options.no ?? t("Cancel"));
  const box = /** @type {HTMLDialogElement} */ (
    el("dialog", { class: "modal-box", "aria-label": question },
      el("form", { method: "dialog" },
        el("p", { class: "h3" }, question),
        el("div", { class: "form-actions" }, yes, no)))
  );
  document.body.append(box);
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue === "yes");
    });
  });
}

/** For every form with data-confirm="question". @param {Event} event */
export async function askFirst(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.confirm) return;
  event.preventDefault();
  event.stopPropagation();
  const question = form.dataset.confirm;
  const submitter = /** @type {SubmitEvent} */ (event).submitter;
  if (!(await confirm(question))) return;
  delete form.dataset.confirm;
  form.requestSubmit(submitter instanceof HTMLElement ? submitter : undefined);
  form.dataset.confirm = question;
}
