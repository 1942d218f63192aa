// The views that need nothing but the summary: overview, filters, overlap.
"use strict";

(() => {
  const { el, count, share, score, duration, plain } = Audit;
  const COUNTED = ["seen", "kept", "dropped", "unjudged"];

  const rowsLink = (query, ...children) =>
    el("a", { href: `#rows?${new URLSearchParams(query)}` }, children);

  const fill = (section, ...nodes) => section.replaceChildren(...nodes.flat().filter(Boolean));

  const total = (counts) => counts.on + counts.off;

  function entered() {
    const counts = Audit.summary.counts;
    const failed = counts.filter((each) => each.name === "teacher");
    const first = counts.filter((each) => each.name !== "teacher").slice(0, 1);
    const sum = (mode) => [...failed, ...first].reduce((number, each) => number + each.seen[mode], 0);
    return { on: sum("on"), off: sum("off") };
  }

  function leftOver() {
    const last = Audit.summary.counts.at(-1);
    return last && last.name !== "teacher" ? last.kept : { on: 0, off: 0 };
  }

  Audit.showOverview = (section) => {
    const { summary } = Audit;
    const asked = entered();
    const kept = leftOver();
    const unfinished = summary.num_finished < summary.num_parts;
    fill(section,
      el("h2", { id: "h-overview" }, "Overview"),
      unfinished ? el("p", { class: "notice" }, `The run is not finished: this page shows ${count(summary.num_finished)} of its ${count(summary.num_parts)} parts.`) : null,
      el("p", { class: "lead" }, "A teacher answered every prompt with reasoning on and with reasoning off. Each response was shown to the filters in this order, up to the first one that did not keep it. Only what every filter kept goes into the dataset."),
      tiles(summary, asked, kept),
      el("h3", {}, "From response to row"),
      legend(),
      el("div", { class: "scroll" }, funnel(summary.counts, asked, kept)),
      prompts(summary.prompts),
      words(),
    );
  };

  function tiles(summary, asked, kept) {
    const time = summary.counts.reduce((sum, each) => sum + (each.seconds ?? 0), 0);
    const unjudged = summary.counts.reduce((sum, each) => sum + total(each.unjudged), 0);
    const tile = (value, name, more) => el("div", { class: "tile" }, el("b", {}, value), el("span", {}, name), more ? el("small", {}, more) : null);
    return el("div", { class: "tiles" },
      tile(count(summary.prompts.asked), "prompts asked", `of ${count(summary.prompts.drawn)} drawn`),
      tile(count(total(asked)), "responses", `${count(asked.on)} on, ${count(asked.off)} off`),
      tile(count(kept.on), "kept, reasoning on", `${share(kept.on, asked.on)} of ${count(asked.on)}`),
      tile(count(kept.off), "kept, reasoning off", `${share(kept.off, asked.off)} of ${count(asked.off)}`),
      tile(count(unjudged), "unjudged", "neither right nor wrong; not kept"),
      tile(duration(time), "in filters", "wall-clock time, all verdicts"));
  }

  const legend = () => el("p", { class: "legend" },
    el("span", { class: "swatch kept" }), " kept ", el("span", { class: "swatch dropped" }), " dropped ",
    el("span", { class: "swatch unjudged" }), " unjudged");

  function funnel(counts, asked, kept) {
    const rows = counts.map((each) => el("tr", {},
      el("th", { scope: "row" }, el("a", { href: `#filters?filter=${encodeURIComponent(each.name)}` }, plain(each.name))),
      ["on", "off"].map((mode) => {
        const numbers = Object.fromEntries(COUNTED.map((name) => [name, each[name][mode]]));
        const lost = numbers.dropped + numbers.unjudged;
        return [el("td", { class: "wide" }, Audit.bar(numbers, asked[mode])),
          el("td", { class: "number" }, lost ? `−${count(lost)}` : "")];
      })));
    const last = el("tr", { class: "sum" }, el("th", { scope: "row" }, "kept by all"),
      ["on", "off"].map((mode) => [
        el("td", { class: "wide" }, Audit.bar({ kept: kept[mode], dropped: 0, unjudged: 0 }, asked[mode])),
        el("td", { class: "number" }, rowsLink({ mode, decision: "keep" }, count(kept[mode])))]));
    return el("table", { class: "funnel" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "filter"),
        ["on", "off"].map((mode) => el("th", { scope: "colgroup", colspan: 2 }, `reasoning ${mode}`)))),
      el("tbody", {}, rows, last));
  }

  function prompts({ drawn, dropped, asked, examples }) {
    const reasons = Object.entries(dropped);
    if (!reasons.length) return null;
    return [el("p", { class: "fine" },
      `Before anything was asked, ${count(drawn)} prompts became ${count(asked)}: `,
      reasons.flatMap(([reason, number], place) => [place ? ", " : "", el("code", {}, plain(reason)), ` −${count(number)}`]), "."), examples.length ? notAsked(examples) : null];
  }

  const notAsked = (examples) => el("details", {}, el("summary", {}, "Some of the prompts that were not asked"),
    el("dl", {}, examples.map((each) => [
      el("dt", {}, el("code", {}, plain(each.reason)), " ", plain(each.id)),
      el("dd", {}, plain(each.problem)),
      el("dd", {}, plain(each.why))])));

  const words = () => el("details", {}, el("summary", {}, "What the words mean"),
    el("dl", {},
      el("dt", {}, "kept, dropped, unjudged"), el("dd", {}, "A filter keeps a response, drops it for a reason, or can call it neither right nor wrong. Unjudged responses are not kept."),
      el("dt", {}, "score"), el("dd", {}, "The number a filter gives a response. Whether it is kept depends on this number alone."),
      el("dt", {}, "threshold"), el("dd", {}, "A setting at which that decision changes. The dashed lines in the histograms."),
      el("dt", {}, "near-miss"), el("dd", {}, "A response that was not kept although its score lies next to the threshold: the first that another setting would bring back."),
      el("dt", {}, "alone"), el("dd", {}, "What a filter would not keep if it were asked first, without the filters before it."),
      el("dt", {}, "mode"), el("dd", {}, "Reasoning on: the answer follows a think block. Reasoning off: the answer alone.")));

  Audit.showFilters = (section, query) => {
    const cards = Audit.summary.counts.map(card);
    fill(section,
      el("h2", { id: "h-filters" }, "Filters"),
      el("p", { class: "lead" }, "In the order in which they are asked. Each sees only what the ones before it kept."),
      el("nav", { class: "chips", "aria-label": "Filters" }, Audit.summary.counts.map((each) =>
        el("a", { href: `#filters?filter=${encodeURIComponent(each.name)}` }, plain(each.name)))),
      legend(), ...cards);
    const wanted = cards.find((node) => node.dataset.filter === query.get("filter"));
    if (wanted) { wanted.scrollIntoView(); wanted.focus({ preventScroll: true }); }
  };

  function card(filter) {
    const node = el("article", { class: "card", tabindex: -1, "aria-label": filter.name },
      el("h3", {}, plain(filter.name)),
      el("p", { class: "fine" }, about(filter)),
      el("div", { class: "columns" },
        el("div", { class: "scroll" }, counts(filter)),
        filter.histogram ? el("div", { class: "pair" }, ["on", "off"].map((mode) =>
          el("figure", {}, el("figcaption", {}, `scores, reasoning ${mode}`), Audit.histogram(filter, mode)))) : el("p", { class: "fine" }, "No verdict of it has a score.")),
      filter.reasons.map((reason) => examples(filter, reason)));
    node.dataset.filter = filter.name;
    return node;
  }

  function about(filter) {
    const lines = filter.thresholds.map(([field, value, keeps]) => `keeps ${Audit.sign(keeps)} ${score(value)} (${field})`);
    const each = filter.num_timed ? filter.seconds / filter.num_timed : 0;
    const time = filter.seconds ? `${duration(filter.seconds)} in all, ${duration(each)} each` : "time was not taken";
    return [time, ...lines].join(" · ");
  }

  function counts(filter) {
    const row = (name, numbers, kind, more) => el("tr", { class: kind },
      el("th", { scope: "row" }, name),
      ["on", "off"].map((mode) => [el("td", { class: "number" }, numbers[mode] ? count(numbers[mode]) : "–"),
        el("td", { class: "number fine" }, numbers[mode] && kind !== "seen" ? share(numbers[mode], filter.seen[mode]) : "")]),
      el("td", { class: "number fine" }, more ?? ""));
    return el("table", { class: "counts" },
      el("thead", {}, el("tr", {}, el("td"), ["on", "off"].map((mode) => el("th", { scope: "colgroup", colspan: 2 }, mode)), el("th", { scope: "col" }, "time"))),
      el("tbody", {},
        row("seen", filter.seen, "seen", duration(filter.seconds)), row("kept", filter.kept, "kept"),
        row("dropped", filter.dropped, "dropped"), total(filter.unjudged) ? row("unjudged", filter.unjudged, "unjudged") : null,
        filter.reasons.map((reason) => row(
          rowsLink({ filter: filter.name, reason: reason.name }, plain(reason.name || "(no reason)")),
          reason.counts, "reason", duration(reason.seconds)))));
  }

  function examples(filter, reason) {
    if (!reason.examples.length) return null;
    const verb = reason.decision === "drop" ? "dropped" : "unjudged";
    return el("details", {},
      el("summary", {}, el("code", {}, plain(reason.name || "(no reason)")), ` ${count(total(reason.counts))} ${verb}, ${reason.examples.length} shown`),
      el("div", { class: "examples" }, reason.examples.map((each) => el("div", { class: "example" },
        el("p", { class: "fine" },
          el("button", { type: "button", class: "link", onclick: () => Audit.openDetail(each.place, [each.place]) }, plain(each.id)),
          ` score ${score(each.score)}`,
          each.distance === null ? " · drawn at random" : ` · near-miss, ${score(each.distance)} from the threshold`),
        each.expected ? el("p", { class: "fine" }, "expected ", el("bdi", {}, Audit.plain(each.expected))) : null,
        el("pre", { class: "text", dir: "auto" }, Audit.rich(each.said))))));
  }

  Audit.showOverlap = (section) => {
    const overlap = Audit.summary.overlap;
    const link = (mode) => (bits, text) => rowsLink({ mode, alone: bits.map((bit) => overlap.filters[bit]).join(",") }, text);
    fill(section,
      el("h2", { id: "h-overlap" }, "Overlap"),
      el("p", { class: "lead" }, "Here every filter was asked about every response, not only about those that reached it. ",
        el("b", {}, "Alone"), ": what it would not keep if it were asked first. ", el("b", {}, "Only it"), ": what every other filter would have kept. A cell counts what both would not keep; the stronger its colour, the larger its share of the row."),
      overlap
        ? el("div", { class: "heats" }, ["on", "off"].map((mode) => el("div", { class: "scroll" }, Audit.heat(overlap, mode, link(mode)))))
        : el("p", { class: "notice" }, "The overlap was left out when this page was made."),
    );
  };
})();
