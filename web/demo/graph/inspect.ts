// "Try your own model": any .onnx file is inspected, then run on random numbers or on a picture.
// Invariant: a file that is no model, or one that cannot run, ends in a readable message; the page and
// the drawing session go on.

import { InsituError, tensor, type Engine, type ModelReport, type Session, type Tensor, type TensorInfo,
  type Value } from 'insitu';

import { byId, make, milliseconds } from '../common/dom.js';

const kRuns = 10;

function describe(info: TensorInfo): string {
  return `${info.name}: ${info.dtype}[${info.dims.join(', ')}]`;
}

/** Extents to run with: symbolic dims become 1. */
function concrete(info: TensorInfo): number[] {
  return info.dims.map((dim) => (typeof dim === 'number' ? dim : 1));
}

function randomFeed(info: TensorInfo): Value {
  if (info.dtype === 'optional') return null;
  if (info.dtype === 'sequence' || info.dtype === 'map') return [];
  const dims = concrete(info);
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (info.dtype === 'float32') return tensor(Float32Array.from({ length: count }, Math.random), dims);
  return tensor(Array.from({ length: count }, () => Math.floor(2 * Math.random())), dims, info.dtype);
}

/** Whether an input takes a picture: float32 [n, 3 or 1, height, width]. */
function takesPicture(info: TensorInfo): boolean {
  const [, channels, height, width] = info.dims;
  return info.dtype === 'float32' && info.dims.length === 4 && (channels === 3 || channels === 1) &&
         typeof height === 'number' && typeof width === 'number';
}

async function pictureFeed(file: Blob, info: TensorInfo): Promise<Tensor> {
  const [, channels, height, width] = concrete(info) as [number, number, number, number];
  const bitmap = await createImageBitmap(file, { resizeWidth: width, resizeHeight: height });
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  const plane = width * height;
  const data = new Float32Array(channels * plane);
  for (let i = 0; i < plane; ++i)
    for (let c = 0; c < channels; ++c) data[c * plane + i] = pixels[4 * i + c]! / 255;
  return tensor(data, [1, channels, height, width]);
}

function definitions(rows: [string, string][]): HTMLElement {
  const list = make('dl');
  for (const [term, text] of rows)
    list.append(make('dt', { textContent: term }), make('dd', { textContent: text }));
  return list;
}

function problem(error: unknown): HTMLElement {
  const text = error instanceof InsituError
    ? [`${error.code}: ${error.message}`, error.node && `at ${error.node}`, error.hint].filter(Boolean).join('. ')
    : String(error);
  return make('p', { className: 'problem', textContent: text });
}

function summary(name: string, size: number, report: ModelReport): HTMLElement {
  const operators = Object.entries(report.operators).sort((a, b) => b[1] - a[1])
    .map(([op, count]) => `${op} ${count}`).join(', ');
  const opsets = Object.entries(report.opsets).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  return definitions([
    ['File', `${name}, ${(size / 1024).toFixed(0)} KB, ${report.parameters.toLocaleString('en')} parameters`],
    ['Opset', opsets.join(', ') + (report.producer ? `, made by ${report.producer}` : '')],
    ['Inputs', report.inputs.map(describe).join('; ')],
    ['Outputs', report.outputs.map(describe).join('; ')],
    ['Operators', operators],
  ]);
}

export class InspectPanel {
  #engine: Engine;
  #report = byId('report');
  #session: Session | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    const drop = byId('drop');
    const file = byId<HTMLInputElement>('file');
    file.addEventListener('change', () => { if (file.files?.[0]) void this.open(file.files[0]); });
    addEventListener('dragover', (event) => { event.preventDefault(); drop.classList.add('over'); });
    addEventListener('dragleave', (event) => { if (!event.relatedTarget) drop.classList.remove('over'); });
    addEventListener('drop', (event) => {
      event.preventDefault();
      drop.classList.remove('over');
      const dropped = event.dataTransfer?.files[0];
      if (dropped) void this.open(dropped);
    });
  }

  async open(file: File): Promise<void> {
    this.#report.replaceChildren(make('p', { textContent: `Opening ${file.name} …` }));
    await this.#session?.dispose();
    this.#session = undefined;
    try {
      const report = await this.#engine.inspect(file);
      this.#report.replaceChildren(summary(file.name, file.size, report));
      if (!report.runnable) {
        for (const { node, op, what } of report.unsupported.slice(0, 20))
          this.#report.append(make('p', { className: 'problem', textContent: `${op} '${node}': ${what}` }));
        return;
      }
      this.#session = await this.#engine.load(file, { monitor: false });
      this.#offerRuns(this.#session);
    } catch (error) {
      this.#report.append(problem(error));
    }
  }

  #offerRuns(session: Session): void {
    const table = make('div', { className: 'scroll' });
    const result = make('p', { className: 'help' });
    const run = async (feeds: Record<string, Value>): Promise<void> => {
      result.textContent = `Running ${kRuns} times …`;
      try {
        const rows = await session.profile(feeds, kRuns);
        const ms = rows.reduce((sum, row) => sum + row.totalMs, 0) / kRuns;
        result.textContent = `${milliseconds(ms)} ms a run, mean of ${kRuns}.`;
        table.replaceChildren(profileTable(rows));
      } catch (error) {
        result.replaceChildren(problem(error));
      }
    };
    const random = make('button', { type: 'button', className: 'primary', textContent: 'Run on random input' });
    random.addEventListener('click', () =>
      void run(Object.fromEntries(session.inputs.map((info) => [info.name, randomFeed(info)]))));
    const actions = make('div', { className: 'run' }, random);
    const [input] = session.inputs;
    if (session.inputs.length === 1 && input && takesPicture(input)) {
      const picker = make('input', { type: 'file', accept: 'image/*', className: 'visually-hidden' });
      picker.addEventListener('change', () => {
        const picture = picker.files?.[0];
        if (picture) void pictureFeed(picture, input).then((feed) => run({ [input.name]: feed }));
      });
      actions.append(make('label', { className: 'link' }, 'or on a picture', picker));
    }
    this.#report.append(actions, result, table);
  }
}

function profileTable(rows: Awaited<ReturnType<Session['profile']>>): HTMLElement {
  const body = make('tbody');
  for (const row of [...rows].sort((a, b) => b.totalMs - a.totalMs)) {
    body.append(make('tr', {}, make('td', { textContent: row.op }), make('td', { textContent: row.backend }),
      make('td', { className: 'number', textContent: milliseconds(row.totalMs / row.calls) }),
      make('td', { className: 'number', textContent: `${(100 * row.share).toFixed(1)} %` }),
      make('td', { textContent: row.name })));
  }
  const head = make('tr', {}, ...['Operator', 'Runs on', 'ms', 'Share', 'Node']
    .map((text) => make('th', { scope: 'col', textContent: text })));
  return make('table', {}, make('thead', {}, head), body);
}
