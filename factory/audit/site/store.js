// Loads the data beside the page. A page that is opened from a folder may not read files, but it
// may load scripts: each file of data calls Audit.receive with what it holds.
"use strict";

const Audit = { summary: null };

(() => {
  const waiting = new Map();

  Audit.receive = (kind, number, first, body) => {
    const file = waiting.get(`${kind}-${number}`);
    if (file) file.body = { ...body, first, number };
  };

  function loadScript(kind, number) {
    return new Promise((resolve, reject) => {
      const key = `${kind}-${number}`;
      const name = `data/${kind}-${String(number).padStart(6, "0")}.js`;
      const file = { body: null };
      waiting.set(key, file);
      const script = document.createElement("script");
      const end = () => {
        waiting.delete(key);
        script.remove();
        if (file.body) resolve(file.body);
        else reject(new Error(`${name} is missing or damaged; run factory audit again`));
      };
      script.onload = end;
      script.onerror = end;
      script.src = name;
      document.head.append(script);
    });
  }

  // Files of one kind; of those that were loaded the last `limit` stay in memory.
  class Files {
    constructor(kind, limit) {
      this.kind = kind;
      this.limit = limit;
      this.loaded = new Map();
    }

    load(number) {
      let promise = this.loaded.get(number);
      this.loaded.delete(number);
      promise ??= loadScript(this.kind, number);
      promise.catch(() => this.loaded.delete(number));
      this.loaded.set(number, promise);
      if (this.loaded.size > this.limit) this.loaded.delete(this.loaded.keys().next().value);
      return promise;
    }
  }

  Audit.index = new Files("rows", Infinity);
  Audit.texts = new Files("text", 16);

  // One response by its place in the run: the short fields, under the names of the columns.
  Audit.row = async (place) => {
    const chunk = await Audit.index.load(Math.floor(place / Audit.summary.rows_per_index));
    return Audit.rowOf(chunk, place);
  };

  Audit.rowOf = (chunk, place) => {
    const at = place - chunk.first;
    const { modes, decisions, filters, reasons, domains } = Audit.summary;
    const mode = modes[chunk.mode[at]];
    const prompt = chunk.prompts[chunk.prompt[at]];
    return {
      place,
      mode,
      promptId: prompt,
      id: `${prompt}-${mode}-${String(chunk.sample[at]).padStart(3, "0")}`,
      domain: domains[chunk.domain[at]],
      decision: decisions[chunk.decision[at]],
      filter: filters[chunk.filter[at]],
      reason: reasons[chunk.reason[at]],
      score: chunk.score[at],
      tokens: chunk.tokens[at],
      mask: chunk.mask[at],
      chunk: chunk.chunk[at],
      said: chunk.said[at],
    };
  };

  // The whole of one response: its texts, verdicts and grades, and its prompt.
  Audit.whole = async (row) => {
    const chunk = await Audit.texts.load(row.chunk);
    const texts = chunk.rows[row.place - chunk.first];
    return { ...texts, prompt: chunk.prompts[texts.prompt] };
  };

  // Hand the page back to the browser, so that it can draw and listen.
  Audit.breathe = () => new Promise((resolve) => setTimeout(resolve, 0));
})();
