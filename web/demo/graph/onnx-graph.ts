// What a picture of an ONNX file needs of it: nodes, the values between them, and the shapes that the file states. Weights are
// skipped, not read. The format is protocol buffers' (onnx.proto); the engine checks it, this reader only walks it.
// Invariant: bytes beyond the end of a message are never read; a file that ends too early throws.

/** Of a value: `dims` where even the rank is known. */
export interface ValueType {
  readonly dtype: string;
  readonly dims?: readonly (number | string)[];
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  /** Of attributes that are integers. */
  readonly integers: Readonly<Record<string, readonly number[]>>;
  /** Of subgraphs, which are not drawn. */
  readonly inside: number;
}

export interface OnnxGraph {
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** By value, where the file says it. */
  readonly types: ReadonlyMap<string, ValueType>;
  /** Bytes of each initializer. */
  readonly weights: ReadonlyMap<string, number>;
}

const kTypes = ['', 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'float64',
  'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16', 'float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'uint4', 'int4'];
const kBits = [0, 32, 8, 8, 16, 16, 32, 64, 0, 8, 16, 64, 32, 64, 64, 128, 16, 8, 8, 8, 8, 4, 4];

type Field = number | Uint8Array;

/* Fields of a message in order: numbers of varints, bytes of everything else; floats, of which weights may be made, if asked for. */
function* fieldsOf(bytes: Uint8Array, floats = false): Generator<[number, Field]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('The file ends within a number.');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (count: number): Uint8Array => {
    if (at + count > bytes.length) throw new RangeError('The file ends within a message.');
    return bytes.subarray(at, at += count);
  };
  while (at < bytes.length) {
    const key = varint(), wire = key % 8, field = Math.floor(key / 8);
    if (wire === 0) yield [field, varint()];
    else if (wire === 2) yield [field, take(varint())];
    else if (wire === 1 || wire === 5) {
      const number = take(wire === 1 ? 8 : 4);
      if (floats) yield [field, number];
    }
    else throw new RangeError(`The file has a field of the unknown kind ${wire}.`);
  }
}

const decoder = new TextDecoder();
const text = (field: Field | undefined): string => (field instanceof Uint8Array ? decoder.decode(field) : '');
const message = (field: Field): Uint8Array => (field instanceof Uint8Array ? field : new Uint8Array());
/* Exact to 53 bits; negative numbers, which take all 64, wrap. */
const signed = (value: number): number => (value >= 2 ** 63 ? value - 2 ** 64 : value);

function* packed(field: Field): Generator<number> {
  if (typeof field === 'number') return yield signed(field);
  let value = 0, scale = 1;
  for (const byte of field) {
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    yield signed(value);
    [value, scale] = [0, 1];
  }
}

function tensorOf(bytes: Uint8Array): { name: string; type: number; dims: number[] } {
  const tensor = { name: '', type: 0, dims: [] as number[] };
  for (const [field, value] of fieldsOf(bytes)) {
    if (field === 1) tensor.dims.push(...packed(value));
    else if (field === 2) tensor.type = Number(value);
    else if (field === 8) tensor.name = text(value);
  }
  return tensor;
}

const typeNamed = (type: number, dims?: readonly (number | string)[]): ValueType => ({ dtype: kTypes[type] ?? `type ${type}`, dims });

/** 'float32 1×3×224×224'; '' of what is not known. */
export function describeType(type: ValueType | undefined): string {
  if (!type) return '';
  return `${type.dtype} ${!type.dims ? 'of any rank' : type.dims.length > 0 ? type.dims.join('×') : 'scalar'}`;
}

/* TypeProto: tensors alone. */
function typeOf(bytes: Uint8Array): ValueType | undefined {
  for (const [kind, value] of fieldsOf(bytes)) {
    if (kind !== 1) continue;
    let type = 0, dims: (number | string)[] | undefined;
    for (const [field, part] of fieldsOf(message(value))) {
      if (field === 1) type = Number(part);
      if (field !== 2) continue;
      dims = [...fieldsOf(message(part))].filter(([name]) => name === 1).map(([, dim]) => {
        const [said] = [...fieldsOf(message(dim))].filter(([name]) => name === 1 || name === 2);
        return !said ? '?' : said[0] === 1 ? Number(said[1]) : text(said[1]);
      });
    }
    return typeNamed(type, dims);
  }
  return undefined;
}

function attributeOf(bytes: Uint8Array): { name: string; said: string; inside: number; ints: number[] } {
  let name = '', said = '', inside = 0;
  const ints: number[] = [];
  for (const [field, value] of fieldsOf(bytes, true)) {
    if (field === 1) name = text(value);
    else if (field === 2 || field === 7) said ||= field === 7 ? 'numbers' : floatOf(message(value));
    else if (field === 4) said = text(value).slice(0, 40);
    else if (field === 5) said = (({ type, dims }) => describeType(typeNamed(type, dims)))(tensorOf(message(value)));
    else if (field === 6) inside += [...fieldsOf(message(value))].filter(([part]) => part === 1).length;
    else if (field === 3 || field === 8) ints.push(...packed(value));
  }
  if (ints.length > 0) said = ints.length > 12 ? `${ints.length} numbers` : ints.join(', ');
  return { name, said: `${name} ${inside > 0 ? `graph of ${inside} nodes` : said}`, inside, ints };
}

const floatOf = (bytes: Uint8Array): string =>
  String(Number(new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true).toPrecision(6)));

function nodeOf(bytes: Uint8Array): GraphNode {
  const node = { name: '', op: '', inputs: [] as string[], outputs: [] as string[], attributes: [] as string[], integers: {} as Record<string, number[]>, inside: 0 };
  for (const [field, value] of fieldsOf(bytes)) {
    if (field === 1) node.inputs.push(text(value));
    else if (field === 2) node.outputs.push(text(value));
    else if (field === 3) node.name = text(value);
    else if (field === 4) node.op = text(value);
    else if (field === 5) {
      const { name, said, inside, ints } = attributeOf(message(value));
      node.attributes.push(said);
      if (ints.length > 0) node.integers[name] = ints;
      node.inside += inside;
    }
  }
  return node;
}

/** The graph of an ONNX file. */
export function readGraph(file: Uint8Array): OnnxGraph {
  const nodes: GraphNode[] = [], inputs: string[] = [], outputs: string[] = [];
  const types = new Map<string, ValueType>(), weights = new Map<string, number>();
  for (const [part, graph] of fieldsOf(file)) {
    if (part !== 7) continue;
    for (const [field, value] of fieldsOf(message(graph))) {
      const bytes = message(value);
      if (field === 1) nodes.push(nodeOf(bytes));
      else if (field === 5) {
        const { name, type, dims } = tensorOf(bytes);
        weights.set(name, Math.ceil(dims.reduce((product, dim) => product * dim, kBits[type] ?? 0) / 8));
        types.set(name, typeNamed(type, dims));
      } else if (field === 11 || field === 12 || field === 13) {
        const [[, name] = [1, ''], [, type] = [2, 0]] = [1, 2].map((wanted) => [...fieldsOf(bytes)].find(([n]) => n === wanted) ?? [wanted, 0 as Field]);
        const said = typeOf(message(type as Field));
        if (said) types.set(text(name as Field), said);
        if (field === 11) inputs.push(text(name as Field));
        if (field === 12) outputs.push(text(name as Field));
      }
    }
  }
  return { nodes, inputs: inputs.filter((name) => !weights.has(name)), outputs, types, weights };
}
