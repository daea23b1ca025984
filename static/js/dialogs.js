// <button data-opens="ID"> opens the <dialog id="ID">, and so does a link, which leads to a page of the same where there
// are no scripts; <button data-closes> and a click beside it close it.
// The browser gives the focus back to the button on close.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (opener && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.getElementById(opener.dataset.opens).showModal();
  }
  else if (event.target.closest?.("[data-closes]")) event.target.closest("dialog").close();
  else if (event.target.matches?.("dialog.dialog") && beside(event)) event.target.close();
});

function beside({ target, clientX, clientY, detail }) {
  const box = target.getBoundingClientRect();
  const inside = clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom;
  return detail > 0 && !inside; // a key press on a button counts no clicks and has no place
}
