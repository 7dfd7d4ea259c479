// models.json is read strictly: whatever is not of the format is refused, and the message names where it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dist, insituError } from './support/insitu.mjs';

const { openRegistry } = await import(new URL('registry.js', dist).href);

const integrity = `sha256-${'A'.repeat(43)}=`;
const file = (url) => ({ url, integrity });
const whole = () => ({
  format: 'insitu-models/1',
  models: {
    digits: {
      versions: {
        '1.0.0': { ...file('1.onnx'), bytes: 10 },
        '1.1.0': {
          ...file('2.onnx'), bytes: 20, externalData: { 'w.bin': { ...file('w.bin'), bytes: 0 } }, signature: { ...file('2.sig'), name: '2.onnx' },
          card: file('card.json'), profile: file('p.json'), gates: [{ ...file('g.json'), verdict: 'passed', when: '2026-01-31T12:00:00Z' }],
          provenance: {
            code: 'abc', data: [{ kind: 'training', name: 'd', sha256: 'a'.repeat(64), files: 1, bytes: 2 }], tools: { t: '1' },
            parents: [{ how: 'quantized', integrity, model: 'digits', version: '1.0.0' }, { how: 'converted', integrity }],
          },
        },
      },
      channels: {
        stable: {
          version: '1.0.0',
          history: [{ version: '1.0.0', how: 'promoted' }, { version: '1.1.0', how: 'promoted' }, { version: '1.0.0', how: 'rolled back', when: '2026-02-01T00:00:00Z' }],
        },
      },
    },
  },
});

test('a number that is too large is shown as what it is', async () => {
  const given = whole();
  given.models.digits.versions['1.0.0'].bytes = JSON.parse('1e400');
  await assert.rejects(openRegistry(given), insituError('InvalidModel', /bytes is Infinity, not a whole number/));
});

test('what holds is read, and kept apart from the object that was passed', async () => {
  const given = whole();
  const registry = await openRegistry(given);
  assert.deepEqual(registry.models, whole().models);
  given.models.digits.versions['1.0.0'].bytes = 'x';
  assert.equal(registry.models.digits.versions['1.0.0'].bytes, 10);
});

const at = (document, path) => path.reduce((value, name) => value[name], document);
const second = ['models', 'digits', 'versions', '1.1.0'];
const stable = ['models', 'digits', 'channels', 'stable'];

for (const [path, value, place] of [
  [['format'], 'insitu-models/2', 'format is "insitu-models/2"'],
  [['models'], [], 'models is \\[\\], not an object'],
  [['models', 'a b'], {}, 'models\\["a b"\\] is no name'],
  [['more'], 1, 'more is not a member'],
  [[...second, 'bytes'], -1, 'models\\.digits\\.versions\\["1\\.1\\.0"\\]\\.bytes is -1, not a whole number'],
  [[...second, 'bytes'], undefined, '\\.bytes is missing'],
  [[...second, 'integrity'], 'sha256-x', '\\.integrity is "sha256-x"'],
  [[...second, 'url'], '', '\\.url is ""'],
  [[...second, 'URL'], 'x', '\\.URL is not a member'],
  [[...second, 'externalData', 'w.bin', 'bytes'], 1.5, 'externalData\\["w\\.bin"\\]\\.bytes is 1\\.5'],
  [[...second, 'signature', 'name'], undefined, 'signature\\.name is missing'],
  [[...second, 'card'], 'card.json', '\\.card is "card\\.json", not an object'],
  [[...second, 'profile', 'integrity'], 1, 'profile\\.integrity is 1'],
  [[...second, 'gates', 0, 'verdict'], 'maybe', 'gates\\[0\\]\\.verdict is "maybe", not passed or failed'],
  [[...second, 'gates', 0, 'when'], 'today', 'gates\\[0\\]\\.when is "today"'],
  [[...second, 'gates', 0, 'when'], '2026-13-31T12:00:00Z', 'gates\\[0\\]\\.when'],
  [[...second, 'provenance', 'data', 0, 'sha256'], 'A'.repeat(64), 'data\\[0\\]\\.sha256'],
  [[...second, 'provenance', 'data', 0, 'kind'], 'test', 'data\\[0\\]\\.kind is "test"'],
  [[...second, 'provenance', 'tools', 't'], 1, 'tools\\.t is 1'],
  [[...second, 'provenance', 'parents', 0, 'version'], '9', 'parents\\[0\\] is digits 9, which is not in the registry'],
  [[...second, 'provenance', 'parents', 0, 'model'], 'constructor', 'parents\\[0\\] is constructor 1\\.0\\.0, which is not'],
  [[...second, 'provenance', 'parents', 0, 'model'], undefined, 'parents\\[0\\] names a model without a version, or'],
  [[...second, 'provenance', 'parents', 1, 'how'], null, 'parents\\[1\\]\\.how is null'],
  [[...stable, 'version'], '1.1.0', 'channels\\.stable\\.version is "1\\.1\\.0", not that of the last change'],
  [[...stable, 'history'], [], 'channels\\.stable\\.version is "1\\.0\\.0", not that of the last'],
  [[...stable, 'history', 0, 'version'], '2', 'history\\[0\\]\\.version is "2", which is no version'],
  [[...stable, 'history', 1, 'version'], '1.0.0', undefined],
  [[...stable, 'history', 1, 'how'], 'rolled back', 'history\\[1\\] does not go back to the version before'],
  [['models', 'digits', 'channels', '1.0.0'], { version: '1.0.0', history: [{ version: '1.0.0', how: 'promoted' }] }, 'channels\\["1\\.0\\.0"\\] is the name of a version'],
  [['models', 'digits', 'versions'], null, 'models\\.digits\\.versions is null'],
]) {
  const said = value === undefined ? 'nothing' : JSON.stringify(value);
  test(`${path.join(' ')} = ${said.slice(0, 40)}`, async () => {
    const document = whole();
    const holder = at(document, path.slice(0, -1));
    if (value === undefined) delete holder[path.at(-1)];
    else holder[path.at(-1)] = value;
    if (place === undefined) await openRegistry(document);
    else await assert.rejects(openRegistry(document), insituError('InvalidModel', new RegExp(`^the registry: [^ ]*${place}.*insitu registry verify`)));
  });
}

test('a channel that went back goes back further, not to what it left', async () => {
  const document = whole();
  document.models.digits.channels.stable.history = ['1.0.0', '1.1.0', '1.0.0'].map((version) => ({ version, how: 'promoted' }));
  document.models.digits.channels.stable.history.push({ version: '1.1.0', how: 'rolled back' }, { version: '1.0.0', how: 'rolled back' });
  const registry = await openRegistry(document);
  await assert.rejects(registry.previous('digits'), insituError('InvalidArgument', /named no other version/));
});

test('names are not taken for members of every object', async () => {
  const document = whole();
  const text = JSON.stringify(document).replace('"1.0.0":', '"__proto__":');
  await assert.rejects(openRegistry(JSON.parse(text)), insituError('InvalidModel', /versions\.__proto__ is no name/));
  const registry = await openRegistry(document);
  await assert.rejects(registry.version('constructor'), insituError('InvalidArgument', /there is no model 'constructor'/));
  await assert.rejects(registry.version('digits', 'toString'), insituError('InvalidArgument', /no channel and no version 'toString'/));
  await assert.rejects(registry.previous('digits', 'valueOf'), insituError('InvalidArgument', /named no other version/));
});

test('addresses that are none of a site are refused', async () => {
  for (const url of ['javascript:1', 'data:,x', 'file:///etc/passwd', 'http://[']) {
    const document = whole();
    document.models.digits.versions['1.0.0'].url = url;
    const registry = await openRegistry(document, { base: 'https://example.org/models/' });
    await assert.rejects(registry.version('digits'), insituError('InvalidModel', /no address that a registry may name/));
  }
});

test('options of wrong types are refused', async () => {
  for (const options of [null, 1, { keys: 'x' }, { keys: [] }, { monitor: null }, { monitor: true }, { base: 'http://[' }]) {
    await assert.rejects(openRegistry(whole(), options), insituError('InvalidArgument'), JSON.stringify(options));
  }
});
