// The view of all responses: search, filters, pages. It goes through the files one by one and hands
// the page back to the browser between them, so that nothing freezes, however many rows there are.
"use strict";

(() => {
  const { el, count, plain, score } = Audit;
  const PAGE_SIZE = 50;
  const SLICE_MS = 30;
  const FIELDS = ["text", "id", "mode", "decision", "filter", "reason", "domain", "alone"];

  const state = { search: 0, query: {}, places: [], page: 0, running: false, chunks: 0, selected: 0 };
  let parts = null;

  Audit.showRows = (section, params) => {
    parts ??= build(section);
    const query = Object.fromEntries(FIELDS.map((name) => [name, params.get(name) ?? ""]));
    for (const name of FIELDS) if (parts.fields[name]) parts.fields[name].value = query[name];
    parts.alone.replaceChildren(...aloneNote(query.alone));
    const changed = !state.search || FIELDS.some((name) => query[name] !== state.query[name]);
    state.page = Math.max(0, (Number.parseInt(params.get("page"), 10) || 1) - 1);
    state.query = query;
    if (changed) search();
    else drawPage();
  };

  Audit.results = () => state.places;
  Audit.needle = () => state.query.text?.toLowerCase() ?? "";

  function build(section) {
    const { summary } = Audit;
    const select = (name, label, options, shown = (each) => each) => {
      const node = el("select", { id: `q-${name}`, name, onchange: submit },
        el("option", { value: "" }, `any ${label}`),
        options.filter(Boolean).map((each) => el("option", { value: each }, shown(each))));
      return [node, el("label", { for: `q-${name}` }, el("span", {}, label), node)];
    };
    const input = (name, label, hint) => {
      const node = el("input", { id: `q-${name}`, name, type: "search", placeholder: hint, autocomplete: "off", spellcheck: "false", oninput: later });
      return [node, el("label", { for: `q-${name}`, class: "wide" }, el("span", {}, label), node)];
    };
    const made = {
      text: input("text", "text", "in prompts, outputs and errors"),
      id: input("id", "id", "any part of it"),
      mode: select("mode", "mode", summary.modes, (mode) => `reasoning ${mode}`),
      decision: select("decision", "decision", summary.decisions, (each) => ({ keep: "kept", drop: "dropped" })[each] ?? each),
      filter: select("filter", "filter", summary.filters.filter((name) => summary.counts.some((each) => each.name === name && each.reasons.length))),
      reason: select("reason", "reason", [...new Set(summary.counts.flatMap((each) => each.reasons.map((reason) => reason.name)))].sort()),
      domain: select("domain", "domain", summary.domains),
    };
    const fields = Object.fromEntries(Object.entries(made).map(([name, [node]]) => [name, node]));
    const form = el("form", { class: "search", role: "search", onsubmit: (event) => { event.preventDefault(); submit(); } },
      Object.values(made).map(([, label]) => label),
      el("button", { type: "button", onclick: () => { location.hash = "#rows"; } }, "Clear"));
    const status = el("p", { class: "status", role: "status", "aria-live": "polite" });
    const stop = el("button", { type: "button", class: "stop", hidden: true, onclick: () => { state.search++; state.running = false; drawStatus(); } }, "Stop");
    const meter = el("progress", { "aria-label": "searched", hidden: true });
    const body = el("tbody", { onclick: clicked });
    const head = ["response", "domain", "what became of it", "score", "tokens", "its answer ends"];
    const table = el("table", { class: "rows" },
      el("thead", {}, el("tr", {}, head.map((name, place) => el("th", { scope: "col", class: place === 3 || place === 4 ? "number" : false }, name)))), body);
    const pager = el("nav", { class: "pager", "aria-label": "Pages" });
    const alone = el("p", { class: "fine" });
    section.replaceChildren(el("h2", { id: "h-rows" }, "Responses"), form, alone,
      el("div", { class: "progress" }, status, meter, stop),
      el("div", { class: "scroll" }, table), pager,
      el("p", { class: "fine keys" }, el("kbd", {}, "/"), " search  ", el("kbd", {}, "j"), " ", el("kbd", {}, "k"), " next, previous  ", el("kbd", {}, "Enter"), " open  ", el("kbd", {}, "["), " ", el("kbd", {}, "]"), " pages"));
    return { fields, status, stop, meter, body, pager, alone };
  }

  const aloneNote = (names) => names
    ? ["Only what ", el("b", {}, ...plain(names.split(",").join(" and "))), " would not keep, each asked alone."] : [];

  let timer = 0;
  const later = () => { clearTimeout(timer); timer = setTimeout(submit, 250); };

  function submit() {
    clearTimeout(timer);
    const query = { ...state.query };
    for (const [name, node] of Object.entries(parts.fields)) query[name] = node.value.trim();
    go(query, 0);
  }

  function go(query, page) {
    const params = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
    if (page) params.set("page", page + 1);
    const hash = `#rows${params.size ? `?${params}` : ""}`;
    if (hash !== location.hash) location.hash = hash;
  }

  // What a query asks of the short fields, as a test of one row of a file.
  function matcher(query) {
    const { summary } = Audit;
    const codes = { mode: summary.modes, decision: summary.decisions, filter: summary.filters, reason: summary.reasons, domain: summary.domains };
    const wanted = Object.entries(codes).filter(([name]) => query[name]).map(([name, words]) => [name, words.indexOf(query[name])]);
    const id = query.id.toLowerCase();
    const bits = query.alone ? query.alone.split(",").map((name) => summary.overlap?.filters.indexOf(name) ?? -1) : [];
    return (chunk, at) =>
      wanted.every(([name, code]) => chunk[name][at] === code) &&
      bits.every((bit) => bit >= 0 && chunk.mask[at] >= 0 && Math.floor(chunk.mask[at] / 2 ** bit) % 2 === 1) &&
      (!id || Audit.rowOf(chunk, chunk.first + at).id.toLowerCase().includes(id));
  }

  async function search() {
    const mine = ++state.search;
    const { query } = state;
    Object.assign(state, { places: [], running: true, chunks: 0, selected: 0, error: "" });
    const matches = matcher(query);
    const needle = query.text.toLowerCase();
    let breath = performance.now();
    let drawn = 0;
    drawPage();
    try {
      for (let number = 0; number < Audit.summary.num_index_files; number++) {
        const chunk = await Audit.index.load(number);
        if (mine !== state.search) return;
        for (let at = 0; at < chunk.mode.length; at++) {
          if (matches(chunk, at) && (!needle || (await holds(chunk, at, needle)))) state.places.push(chunk.first + at);
          if (performance.now() - breath > SLICE_MS) {
            if (performance.now() - drawn > 200) { drawn = performance.now(); refresh(); }
            await Audit.breathe();
            breath = performance.now();
          }
          if (mine !== state.search) return;
        }
        state.chunks = number + 1;
      }
    } catch (error) {
      if (mine !== state.search) return;
      state.error = error.message;
    }
    state.running = false;
    drawPage();
  }

  async function holds(chunk, at, needle) {
    const texts = await Audit.texts.load(chunk.chunk[at]);
    const row = texts.rows[chunk.first + at - texts.first];
    const prompt = texts.prompts[row.prompt];
    const has = (text) => Audit.joined(text).toLowerCase().includes(needle);
    return has(row.output) || has(row.answer) || has(row.reasoning) || has(row.error) || prompt.input.some(([, text]) => has(text));
  }

  // While a search goes on: the count, and the page as long as it is not full.
  function refresh() {
    drawStatus();
    if (parts.body.children.length < PAGE_SIZE) drawPage();
  }

  function drawStatus() {
    const { num_rows: all, num_index_files: files } = Audit.summary;
    const found = state.places.length;
    const seen = Math.min(all, state.chunks * Audit.summary.rows_per_index);
    parts.status.textContent = state.error ? state.error
      : state.running ? `${count(found)} found, ${count(seen)} of ${count(all)} searched …`
      : `${count(found)} of ${count(all)} responses`;
    parts.meter.hidden = parts.stop.hidden = !state.running;
    parts.meter.max = files;
    parts.meter.value = state.chunks;
    drawPager();
  }

  let drawing = 0;
  async function drawPage() {
    const mine = ++drawing;
    const pages = Math.max(1, Math.ceil(state.places.length / PAGE_SIZE));
    if (!state.running) state.page = Math.min(state.page, pages - 1);
    const places = state.places.slice(state.page * PAGE_SIZE, (state.page + 1) * PAGE_SIZE);
    const rows = await Promise.all(places.map((place) => Audit.row(place)));
    if (mine !== drawing) return;
    state.selected = Math.min(state.selected, Math.max(0, rows.length - 1));
    parts.body.replaceChildren(...rows.map(line));
    drawStatus();
  }

  function line(row, position) {
    return el("tr", { "data-place": row.place, class: position === state.selected ? "selected" : false },
      el("td", {}, el("button", { type: "button", class: "link id" }, plain(row.id))),
      el("td", {}, plain(row.domain)),
      el("td", {}, Audit.badge(row.decision, row.filter, row.reason)),
      el("td", { class: "number" }, score(row.score)),
      el("td", { class: "number" }, row.tokens === null ? "–" : count(row.tokens)),
      el("td", { class: "said" }, el("bdi", {}, plain(row.said))));
  }

  function drawPager() {
    const pages = Math.max(1, Math.ceil(state.places.length / PAGE_SIZE));
    const button = (text, label, page, enabled) => el("button", { type: "button", "aria-label": label, disabled: !enabled, onclick: () => go(state.query, page) }, text);
    const box = el("input", { type: "number", min: 1, max: pages, value: state.page + 1, "aria-label": "page", onchange: (event) => go(state.query, Math.min(pages, Math.max(1, Number(event.target.value) || 1)) - 1) });
    if (parts.pager.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
    const focused = parts.pager.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    parts.pager.replaceChildren(
      button("«", "first page", 0, state.page > 0), button("‹", "previous page", state.page - 1, state.page > 0),
      el("span", {}, "page ", box, ` of ${count(pages)}`),
      button("›", "next page", state.page + 1, state.page < pages - 1), button("»", "last page", pages - 1, state.page < pages - 1));
    if (focused) [...parts.pager.children].find((node) => node.getAttribute("aria-label") === focused)?.focus();
  }

  function clicked(event) {
    const row = event.target.closest("tr");
    if (!row || !getSelection().isCollapsed) return;
    select([...parts.body.children].indexOf(row));
    Audit.openDetail(Number(row.dataset.place), state.places);
  }

  function select(position) {
    const rows = parts.body.children;
    if (!rows[position]) return;
    rows[state.selected]?.classList.remove("selected");
    state.selected = position;
    rows[position].classList.add("selected");
    rows[position].querySelector("button").focus();
  }

  // Keys of this view; main.js calls it when nothing else wants them.
  Audit.rowsKey = (event) => {
    const pages = Math.ceil(state.places.length / PAGE_SIZE);
    switch (event.key) {
      case "/": parts.fields.text.focus(); break;
      case "j": case "ArrowDown": select(state.selected + 1); break;
      case "k": case "ArrowUp": select(state.selected - 1); break;
      case "[": if (state.page > 0) go(state.query, state.page - 1); break;
      case "]": if (state.page < pages - 1) go(state.query, state.page + 1); break;
      default: return;
    }
    event.preventDefault();
  };
})();
