// Runs before the first paint, so that a chosen theme never flashes the other one.
(() => {
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage switched off: the system's theme stands
    }
  };
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    root.dispatchEvent(new CustomEvent("themechange"));
  };
  const mark = () => {
    for (const button of document.querySelectorAll("[data-set-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setTheme === (root.dataset.theme ?? "system")));
    }
  };
  const choose = (theme) => {
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // storage switched off: the choice lasts for this page
    }
    apply(theme);
    mark();
  };

  apply(stored());
  document.addEventListener("DOMContentLoaded", mark);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-set-theme]");
    if (button) choose(button.dataset.setTheme);
  });
  addEventListener("storage", (event) => event.key === "theme" && (apply(event.newValue), mark()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => root.dispatchEvent(new CustomEvent("themechange")));
})();
