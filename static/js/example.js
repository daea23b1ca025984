// A picture that cannot be drawn says so, instead of standing there broken.
const picture = document.querySelector("[data-picture]");

function tell() {
  picture.hidden = true;
  document.querySelector("[data-no-picture]").hidden = false;
}

if (picture) {
  picture.addEventListener("error", tell);
  if (picture.complete && picture.naturalWidth === 0) tell(); // it failed before this script came
}
