// Says that the next page is on its way, and forgets it when the browser comes back to this one.
(() => {
  "use strict";
  const main = document.getElementById("main");
  const busy = on => { if (on) main.setAttribute("aria-busy", "true"); else main.removeAttribute("aria-busy"); };
  document.addEventListener("submit", e => { if (e.target.matches("form")) setTimeout(busy, 0, true); });
  document.addEventListener("click", e => {
    const a = e.target.closest("a[href]");
    if (a && !a.download && a.getAttribute("href")[0] !== "#" && !e.ctrlKey && !e.metaKey && !e.shiftKey && e.button === 0) busy(true);
  });
  // A page whose answer is on its way, or that shows the present, asks anew; not while it is not seen, and
  // not after it was told to stop.
  let held = false;
  const hold = document.getElementById("hold");
  if (hold) hold.addEventListener("click", () => { held = !held; hold.setAttribute("aria-pressed", String(held)); });
  if (main.dataset.again) setInterval(() => { if (!held && !document.hidden) location.reload(); }, 1000 * +main.dataset.again);
  addEventListener("pageshow", () => busy(false));
  // An address without the fields that were left empty can be read.
  document.querySelectorAll("form.controls").forEach(form => form.addEventListener("formdata", e => {
    for (const [k, v] of [...e.formData.entries()]) if (v === "" && k !== "by") e.formData.delete(k);
  }));
  // Refusing a file that is too large before it is sent.
  document.querySelectorAll("input[type=file][data-most]").forEach(f => f.addEventListener("change", () => {
    f.setCustomValidity(f.files[0] && f.files[0].size > +f.dataset.most ? f.dataset.toolarge : "");
    f.reportValidity();
  }));
})();
