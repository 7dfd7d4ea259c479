// Measures one subject: who takes part in which precision and form and with how many threads, the trials that find an
// engine's best forms, and the contest itself.
// Invariant: an engine other than insitu that has several forms to choose from is judged by the best of them.

const kTrial = { runs: 5, warmUp: { runs: 1, ms: 500 } };
const kTrialMargin = 1.25;  // a second form takes part in the contest if its trial was this near to the best
const kWarmUp = { runs: 3, ms: 4000 };
const kRestMs = 5;          // where engines have threads, which spin for a while before they sleep

/** The name of a subject in a form, as rows have it. */
export const rowName = (subject, form) => (form.name ? `${subject.name}/${form.name}` : subject.name);

/**
 * `site` of site.mjs, `subject` and its `precisions` of library.mjs, `base` the address of its models; options: flavours
 * (of insitu, a list by number of threads), against (other engines), runs.
 * Gives { rows, entries, refused, problems }: rows as the bench writes them, entries { row, spec, difference, tried } of
 * the contest in order, refused { who, why }.
 */
export async function measure(site, { subject, precisions, base, feeds }, options) {
  return new Measurement(site, { subject, precisions, base, feeds }, options).run();
}

class Measurement {
  #site;
  #given;
  #options;
  #refused = [];
  #problems = [];
  #rows = [];

  constructor(site, given, options) {
    this.#site = site;
    this.#given = given;
    this.#options = options;
  }

  async run() {
    const { subject, precisions } = this.#given;
    const specs = precisions.flatMap((precision) => subject.precisions[precision].filter(({ ours }) => ours)
      .flatMap((form) => this.#ours(precision, form)));
    for (const precision of precisions) {
      for (const engine of this.#options.against) {
        const chosen = await this.#choose(engine, precision, formsOf(engine, subject, precision));
        specs.push(...chosen.flatMap((spec) => this.#threads().map((threads) => ({ ...spec, threads }))));
      }
    }
    const entries = await this.#contest(specs, { runs: this.#options.runs, warmUp: kWarmUp });
    return {
      rows: [...this.#rows, ...entries.map(({ row }) => row)], entries, refused: this.#refused, problems: this.#problems,
    };
  }

  #threads() {
    return [...this.#options.flavours.keys()];
  }

  #ours(precision, form, timed = true) {
    return [...this.#options.flavours].flatMap(([threads, flavours]) => flavours.map((flavour) =>
      ({ ...this.#spec('insitu', precision, form), flavour, threads, timed })));
  }

  #spec(engine, precision, form) {
    return {
      engine, precision, threads: this.#threads()[0], form: form.compareWith ?? form.name,
      name: rowName(this.#given.subject, form), model: `${this.#given.base}${form.file}`, timed: true,
    };
  }

  /* The specs of an engine's best forms, from a few runs of each beside insitu; keeps the rows of the others. */
  async #choose(engine, precision, forms) {
    if (forms.length <= 1) return forms.map((form) => this.#spec(engine, precision, form));
    const tried = await this.#contest(forms.flatMap((form) =>
      [this.#ours(precision, form, false)[0], this.#spec(engine, precision, form)]), kTrial);
    const times = tried.map(({ row }) => [row.model, row.min_ms]);
    const sorted = [...tried].sort((a, b) => a.row.min_ms - b.row.min_ms);
    const near = sorted.slice(0, 2).filter(({ row }) => row.min_ms <= sorted[0].row.min_ms * kTrialMargin);
    this.#rows.push(...sorted.slice(near.length).map(({ row }) => row));
    return near.map(({ spec, difference }) => ({ ...spec, trial: difference, tried: times }));
  }

  async #contest(specs, effort) {
    const { feeds, subject: { classifies } } = this.#given;
    const restMs = Math.max(...this.#threads()) > 1 ? kRestMs : 0;
    const { outcome, problems } = await this.#site.contest({ contestants: specs, feeds, restMs, classifies, ...effort });
    this.#problems.push(...problems);
    return outcome.flatMap((result, i) => {
      const spec = specs[i];
      if (result.refused) {
        const who = `${spec.engine}${spec.flavour ? ` ${spec.flavour}` : ''} on ${spec.name}`;
        this.#refused.push({ who, why: result.refused, engine: spec.engine });
        return [];
      }
      if (!spec.timed) return [];
      const difference = result.difference ?? spec.trial;
      return [{ row: rowOf(spec, result, difference), spec, difference, tried: spec.tried }];
    });
  }
}

/* The forms that an engine other than insitu takes of a subject; LiteRT has its own, of few. */
function formsOf(engine, { precisions, litert }, precision) {
  if (engine !== 'litert') return precisions[precision];
  return litert[precision] ? [litert[precision]] : [];
}

function rowOf(spec, { loaded, heapBytes, ...times }, difference) {
  return {
    engine: spec.engine, model: spec.name, flavour: loaded.flavour, threads: loaded.threads, isolated: loaded.isolated,
    runs: times.runs, p50_ms: times.p50, p95_ms: times.p95, min_ms: times.min, first_run_ms: loaded.firstRunMs,
    load_ms: loaded.loadMs, max_abs_diff: difference ? difference.maxAbs : null,
    wasm_bytes: loaded.wasmBytes, heap_bytes: heapBytes,
  };
}
