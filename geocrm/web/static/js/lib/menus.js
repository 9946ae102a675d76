// @ts-check
/** Menus made of <details class="menu">: one open at a time; Escape and a click outside close. */

/** @param {Document} page */
export function bindMenus(page) {
  const open = () => [...page.querySelectorAll("details.menu[open]")];
  page.addEventListener("click", (event) => {
    for (const menu of open()) {
      if (!(event.target instanceof Node && menu.contains(event.target))) menu.removeAttribute("open");
    }
  });
  page.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.removeAttribute("open");
      menu.querySelector("summary")?.focus();
    }
  });
}
