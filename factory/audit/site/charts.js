// Pictures: bars of a funnel, histograms of scores, the heat of an overlap.
"use strict";

(() => {
  const { el, count, share, score } = Audit;
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 360;
  const HEIGHT = 132;
  const BASE = 104;

  function svg(tag, attributes, ...children) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  // A bar of what was kept, dropped and unjudged, out of `whole`.
  Audit.bar = (counts, whole) => {
    const pieces = ["kept", "dropped", "unjudged"].map((name) => {
      const piece = el("span", { class: name });
      piece.style.width = `${whole ? (100 * counts[name]) / whole : 0}%`;
      return piece;
    });
    const words = `${count(counts.kept)} kept, ${count(counts.dropped)} dropped, ${count(counts.unjudged)} unjudged`;
    return el("span", { class: "track", role: "img", "aria-label": words, title: words }, pieces);
  };

  // Scores of one mode; both modes share their axes, so that they can be compared.
  Audit.histogram = (filter, mode) => {
    const { edges, keep, drop } = filter.histogram;
    const low = edges[0];
    const span = edges.at(-1) - low || 1;
    const x = (value) => 8 + ((value - low) / span) * (WIDTH - 16);
    const tops = Object.keys(keep).flatMap((m) => keep[m].map((n, i) => n + drop[m][i]));
    const top = Math.max(1, ...tops);
    const picture = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "histogram",
      "aria-label": `${filter.name}, reasoning ${mode}: ${described(filter, mode)}`,
    });
    picture.append(svg("line", { x1: 0, x2: WIDTH, y1: BASE, y2: BASE, class: "axis" }));
    keep[mode].forEach((kept, place) => {
      const dropped = drop[mode][place];
      if (!kept && !dropped) return;
      const left = x(edges[place]);
      const width = Math.max(2, (edges.length === 2 ? WIDTH / 6 : x(edges[place + 1]) - left) - 1.5);
      const from = edges.length === 2 ? WIDTH / 2 - width / 2 : left + 0.75;
      const high = (number) => (number ? Math.max(2, (number / top) * (BASE - 22)) : 0);
      const title = svg("title", {}, `${binName(edges, place)}: ${count(kept)} kept, ${count(dropped)} not kept`);
      picture.append(
        svg("g", {}, title,
          svg("rect", { x: from, width, y: BASE - high(kept), height: high(kept), class: "keep" }),
          svg("rect", { x: from, width, y: BASE - high(kept) - high(dropped), height: high(dropped), class: "drop" })),
      );
    });
    for (const line of filter.thresholds) drawThreshold(picture, line, edges, x);
    drawTicks(picture, edges, x);
    return picture;
  };

  // Bins that stand for one whole number each.
  const isWhole = (edges) => edges[0] % 1 !== 0 && edges.every((edge) => (edge - edges[0]) % 1 === 0);

  function drawThreshold(picture, [field, value, keeps], edges, x) {
    const [low, high] = [edges[0], edges.at(-1)];
    const side = { "<=": 0.5, ">": 0.5, ">=": -0.5, "<": -0.5 }[keeps];
    const place = isWhole(edges) ? value + side : value; // between two bins
    const inside = place >= low && place <= high;
    const at = Math.min(WIDTH - 4, Math.max(4, x(place)));
    const right = at > WIDTH / 2;
    const arrow = inside ? "" : place < low ? "◂ " : "▸ ";
    picture.append(
      svg("line", { x1: at, x2: at, y1: 14, y2: BASE, class: inside ? "threshold" : "threshold outside" }),
      svg("text", { x: at + (right ? -4 : 4), y: 11, "text-anchor": right ? "end" : "start", class: "label" },
        `${arrow}${field}: keeps ${Audit.sign(keeps)} ${score(value)}`),
    );
  }

  function drawTicks(picture, edges, x) {
    const whole = isWhole(edges);
    const every = Math.ceil((edges.length - 1) / 8);
    const values = whole
      ? edges.slice(0, -1).map((edge) => edge + 0.5).filter((_, place) => place % every === 0)
      : edges.length === 2 ? [] : [edges[0], (edges[0] + edges.at(-1)) / 2, edges.at(-1)];
    if (edges.length === 2) {
      const value = whole ? edges[0] + 0.5 : edges[0];
      picture.append(tick(WIDTH / 2, value, "middle"));
      return;
    }
    values.forEach((value, place) => {
      const anchor = whole || (place > 0 && place < values.length - 1) ? "middle" : place ? "end" : "start";
      picture.append(tick(x(value), value, anchor));
    });
  }

  const tick = (at, value, anchor) =>
    svg("text", { x: at, y: BASE + 16, "text-anchor": anchor, class: "tick" }, score(value));

  const binName = (edges, place) =>
    isWhole(edges)
      ? score(edges[place] + 0.5)
      : `${score(edges[place])} to ${score(edges[place + 1])}`;

  function described(filter, mode) {
    const sum = (list) => list.reduce((total, number) => total + number, 0);
    const { edges, keep, drop } = filter.histogram;
    return `scores from ${score(edges[0])} to ${score(edges.at(-1))}; ${count(sum(keep[mode]))} kept, ${count(sum(drop[mode]))} not kept`;
  }

  // What two filters would both not keep; the shade is the share of the row's filter.
  Audit.heat = (overlap, mode, link) => {
    const { filters, both, only } = overlap;
    const head = el("tr", {}, el("th", { scope: "col" }, "filter"),
      el("th", { scope: "col", class: "number" }, "alone"), el("th", { scope: "col", class: "number" }, "only it"),
      filters.map((name) => el("th", { scope: "col", class: "upright" }, el("span", {}, name))));
    const body = filters.map((name, i) => el("tr", {},
      el("th", { scope: "row" }, name),
      el("td", { class: "number" }, both[mode][i][i] ? link([i], count(both[mode][i][i])) : "–"),
      el("td", { class: "number" }, count(only[mode][i])),
      filters.map((other, j) => heatCell(both[mode], i, j, name, other, link))));
    return el("table", { class: "heat" },
      el("caption", {}, `Reasoning ${mode}: ${count(overlap.judged[mode])} responses`),
      el("thead", {}, head), el("tbody", {}, body));
  };

  function heatCell(both, i, j, name, other, link) {
    const number = both[i][j];
    if (i === j) return el("td", { class: "number self", "aria-hidden": "true" }, "");
    const title = `${count(number)} of ${count(both[i][i])} that ${name} alone would not keep, ${other} would not keep either (${share(number, both[i][i])})`;
    const cell = el("td", { class: "number cell", title }, number ? link([i, j], count(number)) : "–");
    cell.style.setProperty("--heat", number ? (0.08 + (0.55 * number) / both[i][i]).toFixed(3) : "0");
    return cell;
  }
})();
