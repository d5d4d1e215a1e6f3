// After htmx has put a new page in, the focus goes to its heading, as a whole new page would have a reader begin there.
// A form's button is switched off while its answer is awaited; the server works a form once in any case.
"use strict";

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target !== document.body) return;
  const tab = location.hash === "#details" && document.querySelector(".tabs [aria-current]");
  const place = document.querySelector("[role=alert]") || tab || document.querySelector("main h1");
  if (!place) return;
  if (!place.hasAttribute("tabindex") && place !== tab) place.setAttribute("tabindex", "-1");
  place.focus({ preventScroll: true });
});

document.addEventListener("htmx:beforeRequest", (event) => setBusy(event.target, true));
document.addEventListener("htmx:afterRequest", (event) => setBusy(event.target, false));

function setBusy(element, isBusy) {
  if (!(element instanceof HTMLFormElement)) return;
  element.setAttribute("aria-busy", String(isBusy));
  for (const button of element.querySelectorAll("button")) button.disabled = isBusy;
}
