// Runs before the first paint: the theme chosen last time, if any.
try { const t = localStorage.getItem("ecomctl-theme"); if (t === "dark" || t === "light") document.documentElement.dataset.theme = t; } catch (e) { /* file:// may forbid storage */ }
