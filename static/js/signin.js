import { lookBack } from "./unsent.js";

lookBack();

// A demo sign-in fills the form and moves on to the button; signing in stays the person's own act.
document.addEventListener("click", (event) => {
  const card = event.target.closest?.("[data-username]");
  if (!card) return;
  const form = document.getElementById("signin");
  form.elements.login.value = card.dataset.username;
  form.elements.password.value = card.dataset.password;
  form.querySelector("[type=submit]").focus();
});
