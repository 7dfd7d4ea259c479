// What the tests of the hooks do on their page. Options are objects made anew in every rendering, as people write them.
import { load, tensor } from 'insitu';
import { Monitor, useMonitor, useSession } from 'insitu/react';
import { StrictMode, version } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';

const engine = { assets: '/', threads: 1 };
const host = document.getElementById('root');
const sessions = new Set();
const phases = new Set();
let root;
let probe;

function Reader({ url, sample, panel }) {
  const { status, session, error, progress, reload } = useSession(url, { ...engine, monitor: { sample } });
  const snapshot = useMonitor(session, { interval: 100 });
  if (session) sessions.add(session);
  if (progress) phases.add(progress.phase);
  globalThis.latest = session;
  return (
    <section>
      <output>{[status, error?.code, session?.inputs[0].name].filter(Boolean).join(' ')}</output>
      <b>{snapshot ? `${snapshot.latency.requests} requests` : 'no snapshot'}</b>
      <button onClick={reload}>Again</button>
      {panel && <Monitor session={session} interval={100} className="wide" heading="Digits" level={3} />}
    </section>
  );
}

const App = ({ readers }) => <StrictMode>{readers.map((props, i) => <Reader key={i} {...props} />)}</StrictMode>;

Object.assign(globalThis, {
  version, sessions, phases,
  render: (...readers) => (root ??= createRoot(host)).render(<App readers={readers} />),
  unmount: () => root.unmount(),
  renderOnServer: (...readers) => { host.innerHTML = renderToString(<App readers={readers} />); },
  hydrate: (...readers) => { root = hydrateRoot(host, <App readers={readers} />); },
  /** Bytes that the sessions of the engine hold, with one more that is there to ask. */
  bytes: async () => {
    probe ??= await load('/models/handwriting_fp32.onnx', engine);
    return (await probe.monitor.snapshot()).memory.bufferBytes;
  },
  run: () => latest.run({ image: tensor(new Float32Array(784), [1, 1, 28, 28]) }),
});
document.documentElement.dataset.ready = 'true';
