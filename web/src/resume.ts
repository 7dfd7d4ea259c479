// Downloads that broke off go on at the byte where they did. A module of its own, asked for while a download is under way that
// may be resumed; it knows none of the others. `signal` is that of the Request, too.
// Invariant: all bytes are of one version of the file, as far as the server tells versions apart: an answer with the rest counts
// only where its place, the length of the whole and the strong ETag are those of the first answer. There is no If-Range, for which
// browsers would ask another origin for leave first. Tries in a row and tries in all are bounded.

const pausesMs = [0, 500, 1000, 2000, 4000, 8000];  // before each try in a row
const triesInAll = 100;
const patienceMs = 30_000;
/* When there was no ONNX yet: what calls itself older has the fixed time of a reproducible build. */
const firstModelsMs = Date.UTC(2017);
const passingStatuses = [408, 425, 429, 500, 502, 503, 504];

/** What is read, unless nothing comes for half a minute. */
export async function patiently<T>(read: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${patienceMs / 1000} s`)), patienceMs);
  });
  return Promise.race([read, stalled]).finally(() => clearTimeout(timer));
}

/**
 * The bytes from `at` on of a download that ended there, with a failure or without a word; none where all have come. Errs with
 * `failure` where nothing can be done about it, else with what it was that went wrong last.
 */
export function restOf(
  response: Response,
  input: URL | Request,
  at: number,
  failure: unknown,
  signal?: AbortSignal,
): ReadableStream<Uint8Array> {
  const parts = goOn(response, input, at, failure, signal);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void await parts.return(),
  }, { highWaterMark: 0 });
}

async function* goOn(response: Response, input: URL | Request, at: number, failure: unknown, signal?: AbortSignal) {
  const { headers, url } = response;
  const total = headers.get('content-encoding') ? 0 : Number(headers.get('content-length'));
  // Of another origin nobody may be told that what came was compressed, and had another length on its way.
  if (!failure && (at >= total || response.type === 'cors')) return;
  failure ??= tooShort();
  const version = versionOf(headers);
  const asked = input as Partial<Request>;
  if (!total || !version || headers.get('accept-ranges') !== 'bytes' || !isWholeFile(response, asked)) throw failure;
  const ended = (why: string) => new Error(`at byte ${at} of ${total} of ${url}, and ${why}`, { cause: failure });
  for (let inRow = 0, inAll = 0; at < total;) {
    if (signal?.aborted) throw failure;
    if (inRow === pausesMs.length || inAll++ === triesInAll) throw ended(`tries to go on failed: ${messageOf(failure)}`);
    await pause(pausesMs[inRow++]!, signal);
    const rest = await ask(input, at, signal).catch((thrown) => void (failure = thrown));
    if (!rest) continue;
    const wrong = whatIsWrong(rest, at, total, version);
    if (wrong) {
      void rest.body?.cancel().catch(() => {});
      failure = new Error(wrong);
      if (!passingStatuses.includes(rest.status)) throw ended(wrong);
      continue;
    }
    const reader = rest.body!.getReader();
    try {
      for (;;) {
        const { done, value } = await patiently(reader.read());
        if (done) {
          failure = tooShort();
          break;
        }
        if (value.byteLength > 0) inRow = 0;
        at += value.byteLength;
        yield value;
      }
    } catch (thrown) {
      failure = thrown;
    } finally {
      void reader.cancel().catch(() => {});
    }
  }
  if (at > total) throw ended('the server sent more than the rest');
}

/* The answer with what is behind the first `at` bytes, not from a cache: what is there may be what broke off. */
function ask(input: URL | Request, at: number, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers((input as Partial<Request>).headers);
  headers.set('range', `bytes=${at}-`);
  return fetch(input, { headers, cache: 'no-store', signal });
}

/* Whether what came is the file from its first byte on: no other method, no part, and no digest of the whole were asked for. */
function isWholeFile({ status }: Response, { method = 'GET', integrity }: Partial<Request>): boolean {
  return status === 200 && method === 'GET' && !integrity;
}

/*
 * What tells the file from others at its address; undefined: nothing does for sure. A time does not, and neither does the ETag that
 * servers make of time and length where the time is the same for all files.
 */
function versionOf(headers: Headers): string | undefined {
  const tag = headers.get('etag');
  const hasFixedTime = Date.parse(headers.get('last-modified') ?? '') < firstModelsMs;
  return tag?.startsWith('"') && !hasFixedTime ? tag : undefined;
}

/* Why these are not the bytes from `at` on; undefined: they are. */
function whatIsWrong({ status, headers }: Response, at: number, total: number, version: string): string | undefined {
  const isWhole = status === 200;
  if (status !== 206 && !isWhole) return `the server answered ${status} when asked for the rest`;
  if (versionOf(headers) !== version) return 'the file is another one by now';
  if (isWhole && at > 0) return 'the server sent the whole file instead of the rest';
  const [from, length] = isWhole ? [0, headers.get('content-length')] :
    /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '')?.slice(1) ?? [];
  const fits = Number(from) === at && Number(length) === total && !headers.get('content-encoding');
  return fits ? undefined : 'the server sent other bytes than were asked for';
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

const tooShort = () => new Error('it is too short');
const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));
