// A long day of a page: two engines, one with threads, each with the sessions of all subjects, used in blocks.
// Runs in a page. A block is many requests of four callers, and meanwhile everything else that a page may do with sessions: they
// are loaded and disposed, swapped, shadowed and tried; loads and runs fail. Invariant: after a block everything is as it was
// before, so that whatever grows from block to block is lost.
import * as insitu from '/index.js';
import { memoryOf } from '../../node/support/memory.mjs';
import { generator } from '../random.mjs';
import { askTogether, subject } from './callers.mjs';
import { answersAlone, fetched, feedsOf, large, sameBits, small, variants } from './subjects.mjs';

const { Engine, InsituError } = insitu;
const stray = [];
addEventListener('unhandledrejection', ({ reason }) => stray.push(`unhandled: ${reason?.stack ?? reason}`));
addEventListener('error', ({ message }) => stray.push(`error: ${message}`));

async function refused(promise, ...codes) {
  const thrown = await promise.then(() => undefined, (error) => error);
  if (!(thrown instanceof InsituError && codes.includes(thrown.code))) throw new Error(`not refused with ${codes}: ${thrown}`);
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/* An engine and its sessions. */
class House {
  constructor(engine, models) {
    Object.assign(this, { engine, models, subjects: {} });
  }

  static async open(options, models) {
    const engine = await Engine.create(options);
    const house = new House(engine, models);
    house.empty = await memoryOf(engine);
    for (const name of Object.keys(models)) {
      const session = await engine.load(models[name]);
      const answers = await answersAlone(insitu, session, name, name in large ? 3 : variants);
      house.subjects[name] = subject(insitu, session, name, answers);
    }
    return house;
  }

  of(names) {
    return Object.keys(names).filter((name) => name in this.subjects).map((name) => this.subjects[name]);
  }

  check(name, answer, variant) {
    if (!sameBits(answer, this.subjects[name].answers[variant])) throw new Error(`${name}, variant ${variant}: other bits than alone`);
  }

  /* Everything but plain runs, once. */
  async disturb(seed) {
    const { engine, models, subjects } = this;
    const random = generator(seed);
    const name = random.oneOf(Object.keys(small)), variant = random.pick(0, variants - 1);
    const guest = await engine.load(models[name], { monitor: random.oneOf([false, {}, { profile: { learn: 2000 } }]) });
    this.check(name, await guest.run(feedsOf(insitu, name, variant)), variant);
    await guest.dispose();
    await refused(guest.run(feedsOf(insitu, name, 0)), 'Disposed');

    const golden = [{ feeds: feedsOf(insitu, name, 0), outputs: subjects[name].answers[0] }];
    await subjects[name].session.swap(models[name], { golden });
    const [shadowed, tried] = random.next() < 0.5 ? ['intents_int8', 'shift'] : ['shift', 'handwriting_fp32'];
    const shadow = await subjects[shadowed].session.shadow(models[shadowed], { every: 3 });
    const canary = await subjects[tried].session.canary(models[tried], { share: 0.5 });
    this.check(shadowed, await subjects[shadowed].session.run(subjects[shadowed].feeds[variant]), variant);
    this.check(tried, await subjects[tried].session.run(subjects[tried].feeds[variant], { key: String(seed) }), variant);
    await shadow.settled();
    const { outputs } = await shadow.report();
    for (const { compared, maxAbsDifference } of Object.values(outputs)) {
      if (compared === 0 || maxAbsDifference > 0) throw new Error(`the shadow of ${shadowed} differs by ${maxAbsDifference} in ${compared}`);
    }
    await (random.next() < 0.5 ? shadow.promote() : shadow.stop());
    if ((await canary.report()).state === 'running') await (random.next() < 0.5 ? canary.promote() : canary.rollback());

    await refused(engine.load(models[name].subarray(0, models[name].length >> 1)), 'InvalidModel');
    await refused(subjects.shift.session.run({ x: insitu.tensor(new Float32Array(6), [2, 3]) }), 'ShapeMismatch');
    const control = new AbortController();
    const loading = engine.load(models[name], { signal: control.signal });
    setTimeout(() => control.abort(), random.next() * 3);
    await loading.then((late) => late.dispose(), (thrown) => { if (thrown.code !== 'Cancelled') throw thrown; });
    for (const { session } of this.of(small)) await session.monitor.snapshot();
    await subjects.shift.session.monitor.export(random.oneOf(['prometheus', 'otlp-json', 'chrome-trace']));
  }

  async block(seed, runs, largeRuns) {
    const ask = (names, count, callers, laterMs, abortEvery) => (count > 0
      ? askTogether({ insitu, subjects: this.of(names), runs: count, callers, seed, laterMs, abortEvery })
      : { answered: 0, cancelled: 0, faults: [] });
    const disturbed = this.disturb(seed).then(() => [], (thrown) => [`${thrown.stack ?? thrown}`]);
    const [few, many, faults] = await Promise.all([
      ask(large, largeRuns, 1, 15, 10), ask(small, runs, 4, 2, 50), disturbed,
    ]);
    return {
      answered: many.answered, largeAnswered: few.answered, cancelled: many.cancelled + few.cancelled,
      faults: [...many.faults, ...few.faults, ...faults],
    };
  }

  /* Every variant once, so that the same plans and buffers are kept whatever came before; then what is held. */
  async settle() {
    for (const { session, name, answers, feeds } of this.of({ ...small, ...large })) {
      for (let variant = 0; variant < answers.length; variant++) this.check(name, await session.run(feeds[variant]), variant);
    }
    return memoryOf(this.engine);
  }

  /* Medians of what a run takes a caller who waits for each, in ms. */
  async latencies(runs) {
    const medians = {};
    for (const { session, name, feeds } of this.of(small)) medians[name] = median(await times(session, feeds[0], runs));
    return medians;
  }
}

async function times(session, feeds, runs) {
  const taken = [];
  for (let i = 0; i < runs; i++) {
    const from = performance.now();
    await session.run(feeds);
    taken.push(performance.now() - from);
  }
  return taken;
}

/** `sources`: addresses by the names of subjects; `engines`: options of each. */
export class Day {
  static async begin(sources, engines) {
    const models = await fetched(sources);
    const day = new Day();
    day.models = models;
    day.options = engines;
    day.houses = [];
    for (const options of engines) day.houses.push(await House.open(options, models));
    day.flavours = day.houses.map(({ engine }) => engine.info.flavour);
    return day;
  }

  /** Faults are in words; a block of one engine, the next of the other. */
  async block(number, runs, largeRuns) {
    const done = await this.houses[number % this.houses.length].block(number, runs, largeRuns);
    return { ...done, faults: [...done.faults, ...stray.splice(0)] };
  }

  /** What each engine holds, and how long its runs take. */
  async checkpoint(runs) {
    const engines = [];
    for (const house of this.houses) engines.push({ ...await house.settle(), latencies: await house.latencies(runs) });
    return engines;
  }

  /** Runs of the sessions of the day, and in turns with them of sessions of engines that have just started. Ms, by subject. */
  async beside(runs) {
    const rows = [];
    for (const [i, house] of this.houses.entries()) {
      const fresh = await House.open(this.options[i], this.models);
      for (const { session: old, name, feeds } of house.of(small)) {
        const row = { flavour: this.flavours[i], name, old: [], fresh: [] };
        const young = fresh.subjects[name].session;
        for (const session of [old, young]) await times(session, feeds[0], 500);
        for (let turn = 0; turn < runs; turn++) {
          row.old.push(...await times(old, feeds[0], 1));
          row.fresh.push(...await times(young, feeds[0], 1));
        }
        rows.push(row);
      }
      await fresh.engine.dispose();
    }
    return rows;
  }

  /** Disposes the sessions: what each engine held before the first was loaded, and what is left; and the last faults. */
  async end() {
    const left = [];
    for (const { engine, subjects, empty } of this.houses) {
      for (const { session } of Object.values(subjects)) await session.dispose();
      left.push({ before: empty.bufferBytes, after: (await memoryOf(engine)).bufferBytes });
      await engine.dispose();
    }
    return { left, faults: stray };
  }
}
