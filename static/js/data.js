// A changed filter is shown at once; the address keeps it, so that a view can be sent to somebody.
const form = document.querySelector(".data-filters");

function show() {
  const wanted = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...wanted]) if (!value) wanted.delete(name, value);
  if (wanted.get("sort") === "key") wanted.delete("sort");
  if (wanted.get("layout") === "grid") wanted.delete("layout");
  location.assign(`?${wanted}`);
}

if (form) {
  form.classList.add("is-live");
  form.addEventListener("change", (event) => event.target.type !== "search" && show());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
}
