// A model card as a bill of materials: CycloneDX 1.6 JSON, the model as its subject, data as components.
// Invariant: the same inputs give the same bytes: no clock, and a serial number made of the digest of all the rest.
// Reference: https://cyclonedx.org/docs/1.6/json/
import { createHash } from 'node:crypto';
import type { RegistryData } from '../../src/registry/format.js';
import { describe } from '../../src/tensor.js';
import type { TensorInfo } from '../../src/tensor.js';
import type { ModelReport } from '../../src/types.js';
import type { PerformanceMetric } from './metrics.js';

export interface CardParts {
  name: string;
  version?: string;
  description?: string;
  /** An SPDX expression. */
  license?: string;
  approach?: string;
  task?: string;
  architectureFamily?: string;
  modelArchitecture?: string;
  sha256: string;
  bytes: number;
  external: { name: string; sha256: string }[];
  report: ModelReport;
  data: RegistryData[];
  metrics: PerformanceMetric[];
  considerations: Record<string, unknown>;
  timestamp?: string;
  insitu: string;
}

const hashes = (sha256: string) => [{ alg: 'SHA-256', content: sha256 }];
const properties = (values: Record<string, unknown>) =>
  Object.entries(values).filter(([, value]) => value !== '').map(([name, value]) => ({ name: `insitu:${name}`, value: String(value) }));
const formatOf = (info: TensorInfo) => ({ format: `${info.name}: ${describe(info).slice(info.name.length + 3)}` });

/** What is there of these members. */
function present(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) =>
    value !== undefined && !(typeof value === 'object' && value !== null && Object.keys(value).length === 0)));
}

export function billOf(parts: CardParts): string {
  const data = parts.data.map((one, i) => componentOf(one, `data-${i + 1}`));
  const body = {
    version: 1,
    metadata: present({
      timestamp: parts.timestamp,
      tools: { components: [{ type: 'application', name: 'insitu', version: parts.insitu }] },
      component: modelOf(parts, data.map((one) => one['bom-ref'])),
    }),
    ...(data.length > 0 && { components: data, dependencies: [{ ref: 'model', dependsOn: data.map((one) => one['bom-ref']) }] }),
  };
  const digest = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  const head = { $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json', bomFormat: 'CycloneDX', specVersion: '1.6' };
  return JSON.stringify({ ...head, serialNumber: `urn:uuid:${uuidOf(digest)}`, ...body }, null, 2);
}

function modelOf(parts: CardParts, datasets: readonly string[]): Record<string, unknown> {
  const { name, version, description, license, sha256, bytes, external, report } = parts;
  const { approach, task, architectureFamily, modelArchitecture, metrics, considerations } = parts;
  const opsets = Object.entries(report.opsets).map(([domain, opset]) => [`opset:${domain || 'ai.onnx'}`, opset]);
  return present({
    type: 'machine-learning-model', 'bom-ref': 'model', name, version, description,
    hashes: hashes(sha256),
    licenses: license === undefined ? undefined : [{ expression: license }],
    components: external.map((file) => ({ type: 'file', name: file.name, hashes: hashes(file.sha256) })),
    modelCard: present({
      modelParameters: present({
        approach: approach === undefined ? undefined : { type: approach }, task, architectureFamily, modelArchitecture,
        datasets: datasets.map((ref) => ({ ref })),
        inputs: report.inputs.map(formatOf), outputs: report.outputs.map(formatOf),
      }),
      quantitativeAnalysis: present({ performanceMetrics: metrics }),
      considerations: present(considerations),
    }),
    properties: properties({
      bytes, parameters: report.parameters, irVersion: report.irVersion, ...Object.fromEntries(opsets), producer: report.producer,
      operators: Object.entries(report.operators).sort(([a], [b]) => (a < b ? -1 : 1)).map(([op, count]) => `${op} ${count}`).join(', '),
    }),
  });
}

/* The digest is of the list of a folder's files, or of the one file: docs/how-to/registry.md says how it is made. */
function componentOf({ kind, name, sha256, files, bytes }: RegistryData, ref: string) {
  return {
    type: 'data', 'bom-ref': ref, name, hashes: hashes(sha256),
    data: [{ type: 'dataset', name }],
    properties: properties({ usedFor: kind, files, bytes }),
  };
}

/* UUID version 8 (RFC 9562, 5.8): 122 bits of a digest in hexadecimal. */
function uuidOf(digest: string): string {
  const variant = ((parseInt(digest[16]!, 16) & 3) | 8).toString(16);
  const hex = `${digest.slice(0, 12)}8${digest.slice(13, 16)}${variant}${digest.slice(17, 32)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
