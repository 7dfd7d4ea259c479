// A Sigstore bundle (v0.3) around a DSSE envelope: what is signed, and the signature.
// Invariant: nothing that comes out of here is trusted yet; what is not of this form is refused, and nothing is guessed.
// References: Sigstore's protobuf-specs, sigstore_bundle.proto; DSSE 1.0, protocol.md.

export const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const payloadType = 'application/vnd.in-toto+json';
export const mostBundleBytes = 4 << 20;

/** Ends it with Integrity: the signature `what`. */
export type Refuse = (what: string, hint?: string) => never;

export type Fields = Record<string, unknown>;

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields of a JSON text in UTF-8. */
export function parseFields(refuse: Refuse, bytes: Uint8Array, what: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    refuse(`${what} no JSON`);
  }
  return isFields(value) ? value : refuse(`${what} no JSON object`);
}

export interface Bundle {
  /** The statement, in bytes as they were signed. */
  payload: Uint8Array;
  signature: Uint8Array;
}

export function readBundle(refuse: Refuse, bytes: Uint8Array): Bundle {
  const { mediaType, verificationMaterial, dsseEnvelope } = parseFields(refuse, bytes, 'is');
  if (mediaType !== bundleType) refuse(`is no Sigstore bundle v0.3: its mediaType is not ${bundleType}`, 'Sign the model with `insitu sign`.');
  if (!isFields(verificationMaterial) || !isFields(verificationMaterial.publicKey)) {
    refuse('was not made with a key', 'Certificates and keyless signatures are not supported: sign with a key.');
  }
  if (!isFields(dsseEnvelope)) refuse('has no DSSE envelope');
  if (dsseEnvelope.payloadType !== payloadType) refuse(`is over a payload that is not ${payloadType}`);
  const { payload, signatures } = dsseEnvelope;
  if (!Array.isArray(signatures) || signatures.length !== 1) refuse('is not one signature but another number of them', 'Sign with one key.');
  const [signature] = signatures;
  return {
    payload: fromBase64(refuse, payload, 'a payload'),
    signature: fromBase64(refuse, isFields(signature) ? signature.sig : undefined, 'a sig'),
  };
}

/* Only the one form that is right: atob() alone would also take blanks and lax ends. */
function fromBase64(refuse: Refuse, text: unknown, what: string): Uint8Array {
  let decoded: string | undefined;
  try {
    decoded = typeof text === 'string' && text !== '' ? atob(text) : undefined;
  } catch {
    // refused below
  }
  if (decoded === undefined || btoa(decoded) !== text) refuse(`has ${what} that is not base64`);
  return Uint8Array.from(decoded, (char) => char.charCodeAt(0));
}

/** What a signature of DSSE is made over (PAE, the pre-authentication encoding). */
export function signedBytes(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}
