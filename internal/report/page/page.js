// Draws the charts from the JSON blocks of the page. Nothing here reads data as code or markup:
// options are JSON, tooltips are rich text, cells are text content.
(() => {
  "use strict";
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("charts").textContent);
  const boxes = [...document.querySelectorAll(".chart[data-chart]")];
  const live = new Map(); // element → echarts instance
  let lib = null, paper = false;

  const dark = () => !paper && (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);

  // resolve replaces colour tokens ("@s1") by the theme's colours; other strings stay as they are.
  const tokens = () => {
    const css = getComputedStyle(root), map = new Map();
    for (const name of data.tokens) map.set("@" + name, css.getPropertyValue("--" + name).trim());
    map.set("@font", css.getPropertyValue("--font").trim());
    return map;
  };
  const colourKeys = new Set(["color", "borderColor", "backgroundColor", "textBorderColor", "fontFamily"]);
  const resolve = (v, map, key) => {
    if (Array.isArray(v)) return v.map(x => resolve(x, map, key));
    if (v && typeof v === "object") {
      const out = {};
      for (const k of Object.keys(v)) out[k] = resolve(v[k], map, k);
      return out;
    }
    return typeof v === "string" && colourKeys.has(key) && map.has(v) ? map.get(v) : v;
  };

  // plain keeps braces of names from being read as rich-text markup.
  const plain = s => String(s ?? "").replace(/\{/g, "{\u200b");
  const wrap = (s, width) => {
    const out = [];
    for (let line of plain(s).split("\n")) {
      while (line.length > width) {
        let cut = line.lastIndexOf(" ", width);
        if (cut < width / 2) cut = width;
        out.push(line.slice(0, cut));
        line = line.slice(cut).trimStart();
      }
      out.push(line);
    }
    return out.join("\n");
  };

  const each = (axis, f) => { for (const a of Array.isArray(axis) ? axis : [axis]) if (a) f(a); };
  const cut = (s, n) => { const r = [...s]; return r.length > n ? r.slice(0, n - 1).join("") + "…" : s; };

  // fit adapts an option to the width it is drawn at.
  const fit = (c, o, width) => {
    const small = width < 520;
    o.tooltip.formatter = p => {
      const first = Array.isArray(p) ? p[0] : p;
      const i = first ? (first.data && first.data.tip) ?? first.dataIndex : -1;
      return wrap(c.tips && c.tips[0] ? c.tips[0][i] : "", small ? 34 : 56);
    };
    const value = a => {
      if (a.type !== "value" || !c.ticks) return;
      a.axisLabel = Object.assign({}, a.axisLabel, { formatter: v => c.ticks[String(+v.toPrecision(12))] ?? "" });
    };
    each(o.xAxis, value); each(o.yAxis, value);
    if (c.kind === "line" || c.kind === "bar") {
      const plot = width - 72, at = c.at || [];
      const room = list => plot / Math.max(1, list.length) >= 40;
      const keep = [1, 2, 3, 6, 12].map(n => at.filter(k => k.r % n === 0)).find(room) || [];
      const set = new Set(keep.map(k => k.i));
      if (at.length) each(o.xAxis, a => { a.axisLabel.interval = i => set.has(i); a.axisLabel.hideOverlap = false; });
      if (small && c.kind === "line") { each(o.grid, g => { g.right = 12; }); for (const s of o.series) delete s.endLabel; }
    }
    if (c.kind === "hbar") {
      const room = Math.round(Math.min(260, Math.max(96, width * (small ? 0.36 : 0.34))));
      each(o.yAxis, a => {
        Object.assign(a.axisLabel, { width: room, overflow: "truncate", fontSize: small ? 12 : 13, formatter: s => cut(String(s), Math.floor(room / 6)) });
      });
      each(o.grid, g => { g.right = 64; });
    }
    if (c.kind === "bar") {
      const slot = (width - 64) / Math.max(1, o.xAxis[0].data.length);
      if (slot < 42) for (const s of o.series) for (const d of s.data) if (d && d.label) d.label.show = false;
    }
    if (c.kind === "graph") { // names stand in the margins at both sides
      const s = o.series[0], room = Math.round(width * 0.37) - 22;
      Object.assign(s.label, { width: room, overflow: "truncate", fontSize: small ? 11 : 13 });
    }
    if (c.kind === "radar" && small) each(o.radar, r => { r.radius = "58%"; for (const a of r.indicator) a.name = wrap(a.name, 12); });
    if (c.kind === "curve" && small) for (const s of o.series) if (s.label) s.label.fontSize = 12;
    if (c.flow) {
      const cols = Math.max(3, Math.min(8, Math.floor(width / 88))), cells = o.series[0].data;
      const rows = Math.ceil(cells.length / cols), names = n => Array.from({ length: n }, (_, i) => String(i));
      cells.forEach((d, i) => { d.value = [i % cols, Math.floor(i / cols), d.value[2]]; });
      o.xAxis[0].data = names(Math.min(cols, cells.length)); o.yAxis[0].data = names(rows);
      c.drawn = 8 + rows * 52;
    }
    if (c.kind === "heat" && !c.whole) { // a narrow page shows the first months, wide enough to read
      const keep = Math.max(4, Math.floor((width - 104) / 22)), all = o.xAxis[0].data;
      if (all.length > keep) {
        o.series[0].data = o.series[0].data.map((d, i) => Object.assign(d, { tip: i })).filter(d => d.value[0] < keep);
        o.xAxis[0].data = all.slice(0, keep);
      }
    }
    if (c.kind === "heat" || c.kind === "tiles") {
      const cols = o.xAxis[0].data.length, slot = (width - (c.kind === "heat" ? 110 : 8)) / Math.max(1, cols);
      if (small) each(o.yAxis, a => { a.axisLabel.fontSize = 11; });
      for (const d of o.series[0].data) {
        if (!d.label) continue;
        if (slot < 17) d.label.show = false;
        else d.label.fontSize = slot < 26 ? 10 : c.kind === "tiles" && slot < 60 ? 10 : 12;
        if (c.kind === "tiles" && slot < 44) d.label.formatter = d.label.formatter.split("\n")[0];
      }
    }
    return o;
  };

  const option = (c, width) => fit(c, resolve(c.option, tokens(), ""), width);

  const draw = el => {
    const c = data.charts[+el.dataset.chart];
    const old = live.get(el);
    if (old) old.dispose();
    const width = paper ? 680 : Math.max(240, el.clientWidth);
    // paper has less height than a screen can scroll
    const height = n => paper && c.kind !== "hbar" ? Math.round(n * 0.85) : n;
    const o = option(c, width);
    const chart = lib.init(el, null, { renderer: "svg", width, height: height(c.drawn || c.height) });
    chart.setOption(o);
    live.set(el, chart);
    el.dataset.width = width;
    el.dataset.drawn = "1";
  };
  const drawSeen = () => boxes.forEach(el => { if (live.has(el)) draw(el); });
  const drawAll = () => { if (lib) boxes.forEach(draw); };

  // load turns the packed library into a script of the page; the policy admits it by its hash.
  const load = async () => {
    if (window.echarts) return window.echarts;
    const packed = document.getElementById("lib");
    if (!packed || typeof DecompressionStream === "undefined") return null;
    const bytes = Uint8Array.from(atob(packed.textContent.trim()), ch => ch.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    return window.echarts || null;
  };

  const start = async () => {
    lib = await load();
    if (!lib) {
      for (const el of boxes) { el.removeAttribute("style"); el.textContent = data.words.nocharts; el.className = "note"; }
      root.dataset.charts = "none";
      return;
    }
    const seen = new IntersectionObserver(list => {
      for (const e of list) if (e.isIntersecting) { seen.unobserve(e.target); draw(e.target); }
    }, { rootMargin: "600px 0px" });
    boxes.forEach(el => seen.observe(el));
    let timer = 0;
    const sizes = new ResizeObserver(() => {
      if (paper || !boxes.some(el => live.has(el) && Math.abs(el.clientWidth - +el.dataset.width) > 1)) return;
      clearTimeout(timer);
      timer = setTimeout(drawSeen, 80);
    });
    boxes.forEach(el => sizes.observe(el));
    root.dataset.charts = "ready";
  };

  // Paper: white, every chart, whatever was on the screen.
  addEventListener("beforeprint", () => { if (!lib) return; paper = true; root.dataset.paper = "1"; drawAll(); });
  addEventListener("afterprint", () => { if (!lib) return; paper = false; delete root.dataset.paper; drawAll(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (lib) drawSeen(); });
  window.ecomctlDrawAll = drawAll;

  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("ecomctl-theme", root.dataset.theme); } catch (e) { /* not remembered */ }
    if (lib) drawSeen();
  });
  document.getElementById("print").addEventListener("click", () => print());

  const save = (name, blob) => {
    const a = document.createElement("a");
    a.href = URL.createObjectURL(blob);
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10000);
  };
  // A cell that a spreadsheet would run as a formula gets an apostrophe; numbers keep their sign.
  const cell = (text, number) => {
    let s = text;
    if (!number && /^[=+\-@\t\r]/.test(s)) s = "'" + s;
    return /[",\r\n]/.test(s) ? '"' + s.replace(/"/g, '""') + '"' : s;
  };
  const csv = table => [...table.rows].map(row => [...row.cells].map(td =>
    cell(td.dataset.v ?? (td.classList.contains("null") ? "" : td.textContent), td.tagName === "TD" && td.classList.contains("n"))).join(",")).join("\r\n") + "\r\n";
  const picture = (c, type) => {
    const el = document.createElement("div"), width = 960;
    const chart = lib.init(el, null, { renderer: type === "svg" ? "svg" : "canvas", width, height: c.height, devicePixelRatio: 2 });
    const bg = getComputedStyle(root).getPropertyValue("--bg").trim();
    chart.setOption(Object.assign(option(c, width), { backgroundColor: bg }));
    if (type === "svg") save(c.id + ".svg", new Blob([chart.renderToSVGString()], { type: "image/svg+xml" }));
    else {
      const raw = atob(chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: bg }).split(",")[1]);
      save(c.id + ".png", new Blob([Uint8Array.from(raw, ch => ch.charCodeAt(0))], { type: "image/png" }));
    }
    chart.dispose();
  };
  document.addEventListener("click", e => {
    const b = e.target.closest("button[data-get]");
    if (!b) return;
    const fig = b.closest("figure");
    if (b.dataset.get === "csv") return save(fig.id + ".csv", new Blob(["\ufeff", csv(fig.querySelector("table"))], { type: "text/csv" }));
    if (lib) picture(data.charts[+fig.querySelector(".chart").dataset.chart], b.dataset.get);
  });

  // The contents rail follows the reader.
  const links = new Map([...document.querySelectorAll(".rail a[href^='#']")].map(a => [a.hash.slice(1), a]));
  const spy = new IntersectionObserver(list => {
    for (const e of list) if (e.isIntersecting) {
      links.forEach(a => a.removeAttribute("aria-current"));
      links.get(e.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  document.querySelectorAll("section[id]").forEach(s => spy.observe(s));

  // After the first paint.
  requestAnimationFrame(() => setTimeout(start, 0));
})();
