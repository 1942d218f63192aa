// Which view is shown: the part of the address after #, such as #rows?filter=final_answer.v1.
"use strict";

(() => {
  const VIEWS = { overview: Audit.showOverview, filters: Audit.showFilters, overlap: Audit.showOverlap, rows: Audit.showRows };
  const shown = () => location.hash.slice(1).split("?")[0];

  function show() {
    const view = Object.hasOwn(VIEWS, shown()) ? shown() : "overview";
    const query = new URLSearchParams(location.hash.split("?").slice(1).join("?"));
    for (const name of Object.keys(VIEWS)) document.getElementById(`view-${name}`).hidden = name !== view;
    for (const link of document.querySelectorAll("#views a")) {
      if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    VIEWS[view](document.getElementById(`view-${view}`), query);
  }

  if (!Audit.summary) {
    const text = "data/summary.js is missing or damaged; run factory audit again.";
    document.getElementById("main").append(Audit.el("p", { class: "notice" }, text));
    return;
  }
  document.getElementById("run").replaceChildren(...Audit.plain(Audit.summary.run));
  document.title = `Audit of ${Audit.summary.run}`;
  addEventListener("hashchange", show);
  addEventListener("keydown", (event) => {
    const busy = event.target.closest?.("input, select, textarea, dialog");
    if (shown() === "rows" && !busy && !event.ctrlKey && !event.metaKey && !event.altKey) Audit.rowsKey(event);
  });
  addEventListener("load", show); // what is loaded from here on does not keep the tab loading
})();
