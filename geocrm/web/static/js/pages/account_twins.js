// @ts-check
/** Who may be the same customer, asked once the page stands: comparing names takes longer than the page. */
import { getJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

const SHOWN = 3;

/** Name them, each a link to the comparison, in the line that is there already. */
export async function showTwins() {
  const place = document.getElementById("twins");
  if (!place) return;
  const account = place.dataset.account;
  const found = await getJson(`/api/v1/accounts/${account}/duplicates`, { quiet: true }).catch(() => null);
  if (!found?.items.length) return;
  const links = found.items.slice(0, SHOWN).map((/** @type {any} */ one) => el("a", { href: `/accounts/${account}/merge/${one.id}` }, one.name));
  place.append(icon("git-compare", "i-s"), t("May be there twice:"), ...links);
}
