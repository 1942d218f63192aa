// Text of a model into nodes: never as markup, control characters spelled out, formulas set.
"use strict";

(() => {
  const CONTROL =
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]+|\p{Cs}+/gu;
  const DOUBLE = { C: "ℂ", H: "ℍ", N: "ℕ", P: "ℙ", Q: "ℚ", R: "ℝ", Z: "ℤ" };
  const MAX_TEX = 2000;
  const MAX_NODES = 2000;
  const MAX_FORMULAS = 400;
  const MAX_MS = 400;
  const PAIRS = [["$$", "$$", true], ["\\[", "\\]", true], ["\\(", "\\)", false], ["$", "$", false]];

  Audit.el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === false || value === null || value === undefined) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
    return node;
  };

  const numbers = new Intl.NumberFormat("en-US");
  Audit.count = (number) => numbers.format(number);
  Audit.share = (part, whole) => {
    if (!whole) return "–";
    const percent = (100 * part) / whole;
    return part && percent < 0.1 ? "<0.1%" : `${percent.toFixed(percent < 10 && part ? 1 : 0)}%`;
  };
  Audit.score = (score) => {
    if (score === null || score === undefined) return "–";
    if (typeof score === "string") return score;
    return Number.isInteger(score) ? numbers.format(score) : String(Number(score.toPrecision(4)));
  };
  Audit.sign = (keeps) => ({ ">=": "≥", "<=": "≤" })[keeps] ?? keeps;
  Audit.duration = (seconds) => {
    if (!seconds) return "–";
    if (seconds < 1e-3) return `${Number((seconds * 1e6).toPrecision(3))} µs`;
    if (seconds < 1) return `${Number((seconds * 1e3).toPrecision(3))} ms`;
    if (seconds < 120) return `${Number(seconds.toPrecision(3))} s`;
    return `${numbers.format(Number((seconds / 60).toPrecision(3)))} min`;
  };

  const spelled = (character) => {
    const code = character.codePointAt(0);
    const digits = code.toString(16);
    return code < 256 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
  };

  // Plain text as nodes; hits of the search are marked. Of thousands only the first are styled.
  Audit.plain = (text, needle = "") => {
    const nodes = [];
    let from = 0;
    text = text.replace(/\r\n/g, "\n");
    for (const match of text.matchAll(CONTROL)) {
      if (nodes.length > MAX_NODES) break;
      nodes.push(...marked(text.slice(from, match.index), needle));
      nodes.push(Audit.el("span", { class: "ctl" }, spell(match[0])));
      from = match.index + match[0].length;
    }
    return [...nodes, ...marked(text.slice(from).replace(CONTROL, spell), needle)];
  };

  const spell = (characters) => Array.from(characters, spelled).join("");

  function marked(text, needle) {
    const lower = text.toLowerCase();
    if (!text) return [];
    if (!needle || lower.length !== text.length) return [document.createTextNode(text)];
    const nodes = [];
    let from = 0;
    for (let at = lower.indexOf(needle); at >= 0 && nodes.length < MAX_NODES; at = lower.indexOf(needle, from)) {
      nodes.push(document.createTextNode(text.slice(from, at)));
      nodes.push(Audit.el("mark", {}, text.slice(at, at + needle.length)));
      from = at + needle.length;
    }
    return [...nodes, document.createTextNode(text.slice(from))];
  }

  // The end of a group that begins at `at` with a brace; -1 where it does not end soon.
  function closing(text, at) {
    let depth = 0;
    for (let i = at; i < Math.min(text.length, at + MAX_TEX); i++) {
      if (text[i] === "\\") i++;
      else if (text[i] === "{") depth++;
      else if (text[i] === "}" && --depth === 0) return i + 1;
    }
    return -1;
  }

  // [tex, display, end] of a formula that begins at `at`, or null.
  function formulaAt(text, at) {
    if (text.startsWith("\\boxed{", at)) {
      const end = closing(text, at + 6);
      return end < 0 || end === at + 8 ? null : [text.slice(at, end), false, end]; // no empty box
    }
    const environment = /^\\begin\{([a-z]+\*?)\}/.exec(text.slice(at, at + 24));
    if (environment) {
      const close = `\\end{${environment[1]}}`;
      const stop = text.slice(at, at + MAX_TEX).indexOf(close);
      return stop < 0 ? null : [text.slice(at, at + stop + close.length), true, at + stop + close.length];
    }
    for (const [open, close, display] of PAIRS) {
      if (!text.startsWith(open, at)) continue;
      const start = at + open.length;
      const stop = text.slice(start, start + MAX_TEX).indexOf(close);
      if (stop <= 0) return null;
      const tex = text.slice(start, start + stop);
      const end = start + stop + close.length;
      const money = /^\s|\s$|\n/.test(tex) || /\d/.test(text[end] ?? "");
      return open === "$" && money ? null : [tex, display, end];
    }
    return null;
  }

  function setFormula(tex, display) {
    const node = Audit.el("span", { class: display ? "math display" : "math", title: tex });
    katex.render(tex, node, {
      output: "mathml", displayMode: display, throwOnError: true, trust: false,
      strict: "ignore", maxExpand: 200, maxSize: 20,
    });
    for (const each of node.querySelectorAll("[mathvariant=double-struck]")) doubleStruck(each);
    return node;
  }

  // Browsers know mathvariant no more; the letters have characters of their own.
  function doubleStruck(node) {
    if (node.childElementCount) return;
    node.textContent = node.textContent.replace(/[A-Z]/g, (letter) =>
      DOUBLE[letter] ?? String.fromCodePoint(0x1d538 + letter.charCodeAt(0) - 65));
  }

  // Text with its formulas set; whatever cannot be set stays the text that it was.
  Audit.rich = (text, needle = "") => {
    if (typeof katex === "undefined") return Audit.plain(text, needle);
    const nodes = [];
    const started = performance.now();
    let from = 0;
    let set = 0;
    const sign = /\\boxed\{|\\begin\{|\\\[|\\\(|\$\$?/g;
    for (let match = sign.exec(text); match; match = sign.exec(text)) {
      if (set >= MAX_FORMULAS || performance.now() - started > MAX_MS) break;
      if (text[match.index - 1] === "\\") continue;
      const found = formulaAt(text, match.index);
      if (!found) continue;
      const [tex, display, end] = found;
      let node = null;
      try {
        node = setFormula(tex, display);
      } catch {
        continue; // broken TeX, or TeX that tries too much
      }
      const before = text.slice(from, match.index);
      nodes.push(...Audit.plain(display ? before.replace(/\n$/, "") : before, needle), node);
      sign.lastIndex = end;
      from = display && text[end] === "\n" ? end + 1 : end; // a line of its own needs no break
      set++;
    }
    return [...nodes, ...Audit.plain(text.slice(from), needle)];
  };

  // A text as the data holds it: a string, or [beginning, end, characters left out].
  Audit.joined = (text) => {
    if (text === null || text === undefined) return "";
    if (typeof text === "string") return text;
    return `${text[0]}\n… ${numbers.format(text[2])} characters left out …\n${text[1]}`;
  };

  Audit.badge = (decision, filter, reason) => {
    if (decision === "keep") return Audit.el("span", { class: "badge keep" }, "kept");
    const words = [filter, reason].filter(Boolean).join(": ");
    const kind = decision === "drop" ? "drop" : "unjudged";
    return Audit.el("span", { class: `badge ${kind}` }, ...Audit.plain(words || kind));
  };
})();
