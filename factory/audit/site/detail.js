// One response, whole: prompt, reasoning, answer, draft, verdicts, grades and where it came from.
"use strict";

(() => {
  const { el, count, plain, score, duration } = Audit;
  const state = { place: 0, places: [], math: true, request: 0 };
  const dialog = document.getElementById("detail");

  Audit.openDetail = async (place, places) => {
    Object.assign(state, { place, places });
    await draw();
  };

  async function draw() {
    const mine = ++state.request;
    let content;
    try {
      const row = await Audit.row(state.place);
      content = page(row, await Audit.whole(row));
    } catch (error) {
      content = [bar("A response"), el("p", { class: "notice" }, error.message)];
    }
    if (mine !== state.request) return;
    const focused = dialog.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    dialog.replaceChildren(...content);
    if (!dialog.open) dialog.showModal();
    if (focused) [...dialog.querySelectorAll("button")].find((node) => node.getAttribute("aria-label") === focused)?.focus();
    dialog.scrollTop = 0;
  }

  function bar(title) {
    const at = state.places.indexOf(state.place);
    const move = (by) => { state.place = state.places[at + by]; draw(); };
    const button = (text, label, by) => el("button", { type: "button", "aria-label": label, disabled: state.places[at + by] === undefined, onclick: () => move(by) }, text);
    return el("div", { class: "detail-bar" },
      el("h2", { id: "h-detail" }, plain(title)),
      typeof katex === "undefined" ? null : el("label", {}, el("input", { type: "checkbox", checked: state.math, onchange: (event) => { state.math = event.target.checked; draw(); } }), " set formulas"),
      button("‹", "previous response", -1), button("›", "next response", 1),
      el("button", { type: "button", "aria-label": "close", onclick: () => dialog.close() }, "✕"));
  }

  const nodes = (text) => (state.math ? Audit.rich : Audit.plain)(Audit.joined(text), Audit.needle());

  const block = (title, text, open = true) => text === null || text === undefined || text === "" ? null
    : el("details", { open }, el("summary", {}, title, length(text) > 80 ? el("span", { class: "fine" }, ` ${count(length(text))} characters`) : null),
      el("pre", { class: "text", dir: "auto" }, nodes(text)));

  const length = (text) => typeof text === "string" ? text.length : text[0].length + text[1].length + text[2];

  function page(row, whole) {
    const { prompt } = whole;
    return [
      bar(row.id),
      el("p", {}, Audit.badge(row.decision, row.filter, row.reason), ` reasoning ${row.mode} · `, plain(row.domain),
        " · ", el("a", { href: `#rows?${new URLSearchParams({ id: row.promptId })}`, onclick: () => dialog.close() }, "all answers to this prompt")),
      prompt.input.map(([role, text]) => block(`prompt, ${role}`, text)),
      expected(prompt, whole), choices(prompt),
      block("reasoning", whole.reasoning), block("answer", whole.answer),
      block(whole.error ? "output" : "output, not split into reasoning and answer", whole.output),
      block("draft that this was edited from", whole.draft, false),
      block("error", whole.error),
      el("h3", {}, "Verdicts"), el("div", { class: "scroll" }, verdicts(whole)), alone(row),
      whole.grades.length ? [el("h3", {}, "Grades"), ...whole.grades.map(grade)] : null,
      el("h3", {}, "Facts"), facts(whole, prompt),
    ].flat().filter(Boolean);
  }

  function expected(prompt, whole) {
    const majority = prompt.expected === null && whole.reference !== null;
    const text = majority ? whole.reference : prompt.expected;
    if (text === null) return el("p", {}, "No answer is known to be right.");
    return block(majority ? "expected, by majority" : "expected", text);
  }

  const choices = (prompt) => prompt.choices.length
    ? el("ol", { type: "A", class: "choices" }, prompt.choices.map((text) => el("li", {}, el("bdi", {}, nodes(text))))) : null;

  function verdicts(whole) {
    const { filters, decisions, reasons } = Audit.summary;
    return el("table", {},
      el("thead", {}, el("tr", {}, ["filter", "decision", "score", "time"].map((name, place) => el("th", { scope: "col", class: place > 1 ? "number" : false }, name)))),
      el("tbody", {}, whole.verdicts.map(([filter, decision, value, reason, seconds]) => el("tr", {},
        el("th", { scope: "row" }, el("a", { href: `#filters?filter=${encodeURIComponent(filters[filter])}`, onclick: () => dialog.close() }, plain(filters[filter]))),
        el("td", {}, Audit.badge(decisions[decision], "", reasons[reason])),
        el("td", { class: "number" }, score(value)), el("td", { class: "number" }, duration(seconds))))));
  }

  function alone(row) {
    const { overlap } = Audit.summary;
    if (!overlap || row.mask === null || row.mask < 0) return null;
    const names = overlap.filters.filter((_, bit) => Math.floor(row.mask / 2 ** bit) % 2 === 1);
    return el("p", { class: "fine" }, names.length
      ? ["Asked alone, these would not keep it: ", names.map((name, place) => [place ? ", " : "", el("code", {}, plain(name))]).flat(), "."]
      : "Asked alone, every filter would keep it.");
  }

  const grade = ([column, value, text, error, who]) => el("details", {},
    el("summary", {}, el("code", {}, plain(column)), ` ${score(value)} `, el("span", { class: "fine" }, plain(who ?? ""))),
    el("pre", { class: "text", dir: "auto" }, nodes(text || error || "(no text)")));

  function facts(whole, prompt) {
    const pairs = [
      ["tokens", `${whole.completion_tokens === null ? "–" : count(whole.completion_tokens)} written, ${whole.prompt_tokens === null ? "–" : count(whole.prompt_tokens)} read`],
      ["ended", whole.finish_reason], ["pass rate", score(whole.pass_rate)], ["teacher", whole.teacher_name], ["model", whole.teacher],
      ["revision", whole.teacher_revision], ["engine", whole.engine], ["seed", whole.seed === null ? null : String(whole.seed)],
      ["source", prompt.source], ["license", prompt.license], ["language", prompt.language], ["policy", prompt.policy],
      ["tests", prompt.num_tests ? count(prompt.num_tests) : ""],
      ...prompt.constraints.map(([name, settings]) => ["constraint", `${name} ${settings}`]),
    ];
    return el("dl", { class: "facts" }, pairs.filter(([, text]) => text).map(([name, text]) => [el("dt", {}, name), el("dd", {}, plain(Audit.joined(text)))]).flat());
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.target.tagName === "INPUT" && event.target.type !== "checkbox") return;
    const by = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = state.places[state.places.indexOf(state.place) + by];
    if (next !== undefined) { state.place = next; draw(); }
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
})();
