// @ts-check
/** The record at the right edge of the page; over everything on a phone. */
import { withQuery } from "./api.js";
import { t } from "./i18n.js";
import { toast } from "./toast.js";

/** @type {Element | null} */
let cameFrom = null;
let request = 0;

/**
 * Open with nodes, or with a fragment of our own server (`url`; its address must be ours).
 * @param {{title: string, content?: Node | Node[], url?: string}} options
 * @returns {Promise<HTMLElement | null>} the body, or null when there was no answer or another record came first
 */
export async function openDrawer({ title, content, url }) {
  const { drawer, heading, body } = parts();
  if (!drawer || !heading || !body) return null;
  const mine = ++request;
  if (drawer.hidden) cameFrom = document.activeElement;
  heading.textContent = title;
  body.replaceChildren(...(content ? [content].flat() : [waiting()]));
  drawer.hidden = false;
  heading.focus({ preventScroll: true });
  window.dispatchEvent(new Event("resize"));
  if (!url) return body;
  const html = await fragment(url);
  if (mine !== request) return null;
  if (html === null) {
    closeDrawer();
    return null;
  }
  body.innerHTML = html;
  /** @type {any} */ (window).htmx?.process(body);
  return body;
}

export function closeDrawer() {
  const { drawer } = parts();
  if (!drawer || drawer.hidden) return;
  request += 1;
  drawer.hidden = true;
  if (cameFrom instanceof HTMLElement && cameFrom.isConnected) cameFrom.focus();
  document.dispatchEvent(new CustomEvent("drawer:close"));
  window.dispatchEvent(new Event("resize"));
}

export function isDrawerOpen() {
  return parts().drawer?.hidden === false;
}

/** Escape and every [data-drawer-close] close it; the shell calls this once. */
export function bindDrawer() {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-drawer-close]")) closeDrawer();
  });
  document.addEventListener("keydown", (event) => {
    const inMenu = document.querySelector("details.menu[open], dialog[open]");
    const typing = document.activeElement?.id === "global-search";
    if (event.key === "Escape" && !inMenu && !typing) closeDrawer();
  });
}

function parts() {
  return {
    drawer: document.getElementById("drawer"),
    heading: document.getElementById("drawer-title"),
    body: document.getElementById("drawer-body"),
  };
}

function waiting() {
  const box = document.createElement("div");
  box.className = "section stack";
  box.setAttribute("aria-busy", "true");
  for (let line = 0; line < 5; line += 1) {
    const bone = document.createElement("div");
    bone.className = "skeleton";
    bone.style.width = `${88 - line * 12}%`;
    box.append(bone);
  }
  return box;
}

/** @param {string} url */
async function fragment(url) {
  try {
    const answer = await fetch(withQuery(url), { headers: { Accept: "text/html", "HX-Request": "true" } });
    if (answer.ok && !answer.redirected) return await answer.text();
    toast(answer.status === 404 ? t("It was not found.") : t("This record could not be loaded."), "bad");
  } catch {
    toast(t("The server cannot be reached. Check the connection and try again."), "bad");
  }
  return null;
}
