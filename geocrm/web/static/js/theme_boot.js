// Sets light or dark before the first paint, so that nothing flashes. A plain script on purpose: a
// module would run after the paint. The switch itself is lib/theme.js.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("geocrm-theme");
  } catch {
    // Storage may be blocked; then the system's choice holds.
  }
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
})();
