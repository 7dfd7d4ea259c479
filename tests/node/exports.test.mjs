// The exports as their own worlds read them: a real Prometheus scrapes the text, and OpenTelemetry's own protocol messages are
// made of the JSON without a loss.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocket } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { describePlatform } from '../../scripts/lib/platform.mjs';
import { ensurePrometheus } from '../../scripts/lib/prometheus.mjs';
import { Engine, flavours, tensor } from './support/insitu.mjs';

const models = new URL('../../models/handwriting/', import.meta.url);
const require = createRequire(import.meta.url);

let engine, session;
/* A session of which every export has something to say: stages, a failure, issues, classes, an objective, slices, labels. */
before(async () => {
  engine = await Engine.create({ flavour: flavours[0] });
  session = await engine.load(readFileSync(new URL('handwriting_int8.onnx', models)), {
    monitor: { profile: JSON.parse(readFileSync(new URL('handwriting.profile.json', models), 'utf8')), slo: { p95Ms: 50 }, quality: 'reject' },
  });
  for (let i = 0; i < 150; i++) {
    const image = tensor(Float32Array.from({ length: 784 }, (_, k) => ((k * 7 + i * 13) % 29 === 0 ? 1 : 0)), [1, 1, 28, 28]);
    await session.run({ image }, { slice: { device: i % 3 ? 'a "quoted"\\ phone' : 'desk' }, id: `${i}` });
    await session.monitor.feedback(`${i}`, i % 10);
  }
  await assert.rejects(session.run({ image: tensor(new Float32Array(784).fill(NaN), [1, 1, 28, 28]) }));
});
after(() => engine.dispose());

/* A port that nobody listens on. */
function freePort() {
  return new Promise((resolve, reject) => {
    const socket = createSocket().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/* The program, or the sentence why there is none. */
async function findPrometheus() {
  try {
    return { program: await ensurePrometheus(describePlatform()) };
  } catch (thrown) {
    return { missing: `there is no Prometheus: ${thrown.message}` };
  }
}

test('a real Prometheus scrapes what the monitor says and answers with the same numbers', async (t) => {
  const { program, missing } = await findPrometheus();
  if (missing) return t.skip(missing);
  const folder = mkdtempSync(join(tmpdir(), 'insitu-prometheus-'));
  const pages = createServer(async (_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(await session.monitor.export('prometheus'));
  });
  await new Promise((listening) => pages.listen(0, '127.0.0.1', listening));
  writeFileSync(join(folder, 'prometheus.yml'), `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: insitu
    static_configs: [{ targets: ['127.0.0.1:${pages.address().port}'] }]
`);
  const port = await freePort();
  const server = spawn(program, [
    `--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn',
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.on('data', (text) => (said += text));
  try {
    const ask = async (query) => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
      return (await answer.json()).data.result;
    };
    let requests = [];
    for (let tries = 0; tries < 100 && requests.length === 0; tries++) {
      requests = await ask('insitu_requests_total').catch(() => []);
      if (requests.length === 0) await wait(200);
    }
    assert.equal(requests.length, 1, `nothing was scraped: ${said}`);
    const { latency, quality, accuracy, drift, slices } = await session.monitor.snapshot();
    assert.equal(Number(requests[0].value[1]), latency.requests);
    const [{ metric: info }] = await ask('insitu_info');
    assert.equal(info.flavour, engine.info.flavour);
    const count = async (query) => Number((await ask(query))[0]?.value[1]);
    assert.equal(await count('insitu_stage_seconds_count{stage="infer",phase="warm"}'), latency.warm.infer.count);
    assert.equal(await count('insitu_stage_seconds_bucket{stage="infer",phase="warm",le="+Inf"}'), latency.warm.infer.count);
    assert.equal(await count('sum(insitu_labelled_total)'), accuracy.labelled);
    assert.equal(await count('insitu_labelled_total{correct="true"}'), accuracy.correct);
    assert.equal(await count('sum(insitu_predictions_total)'), 150);
    assert.equal(await count('insitu_drifting'), drift.state === 'drifting' ? 1 : 0);
    assert.equal(await count('sum(insitu_failures_total)'), 1);
    const issues = Object.values(quality).flatMap(({ issues }) => Object.values(issues)).reduce((a, b) => a + b, 0);
    assert(issues > 0);
    assert.equal(await count('sum(insitu_quality_issues_total)'), issues);
    for (const { name, requests: its } of slices.all) {
      assert.equal(await count(`insitu_slice_requests_total{slice=${JSON.stringify(name)}}`), its);
    }
    // A quantile from its buckets, which are powers of two, brackets our own.
    const p50 = 1000 * (await count('histogram_quantile(0.5, insitu_stage_seconds_bucket{stage="infer",phase="warm"})'));
    assert(p50 > latency.warm.infer.p50 / 2 && p50 < latency.warm.infer.p50 * 2, `${p50} ${latency.warm.infer.p50}`);
  } finally {
    server.kill('SIGKILL');
    pages.closeAllConnections();
    pages.close();
    await new Promise((ended) => server.once('close', ended));
    rmSync(folder, { recursive: true });
  }
});

test('OpenTelemetry reads the OTLP/JSON, and its binary form holds all of it', async () => {
  const root = require('@opentelemetry/otlp-transformer/build/src/generated/root');
  const Request = root.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
  const json = JSON.parse(await session.monitor.export('otlp-json'));
  const message = Request.fromObject(json);
  const read = Request.toObject(Request.decode(Request.encode(message).finish()), { longs: String });
  assert.deepEqual(plain(read), plain(json));
  const { metrics } = json.resourceMetrics[0].scopeMetrics[0];
  for (const kind of ['sum', 'gauge', 'exponentialHistogram']) assert(metrics.some((metric) => metric[kind]), kind);
});

/* Without what the binary form leaves out: members that have their default, and empty lists. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value)
    .filter(([, member]) => member !== 0 && member !== '0' && member !== '' && member !== false && !(Array.isArray(member) && member.length === 0))
    .map(([name, member]) => [name, plain(member)]));
}
