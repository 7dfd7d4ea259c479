// The names of classes, as people keep them: a text of one a line, JSON, or a model's metadata.

const kKeys = ['labels', 'classes', 'class_names', 'names', 'id2label'];

/** Of a file: a list or an object by number in JSON (Keras' [id, name] too), or a name a line. Throws for JSON of another kind. */
export function labelsOf(text: string): string[] {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return trimmed === '' ? [] : trimmed.split(/\r?\n/).map((line) => line.trim());
  const named = (value: unknown): string => {
    if (typeof value === 'string') return value;
    if (Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'string')) return value.at(-1) as string;
    throw new Error('This JSON holds no names of classes: a list of texts, or an object of them by number, is what it takes.');
  };
  const parsed: unknown = JSON.parse(trimmed);
  if (Array.isArray(parsed)) return parsed.map(named);
  const labels: string[] = [];
  for (const [index, value] of Object.entries(parsed as object)) {
    if (!/^\d+$/.test(index)) throw new Error(`'${index}' is no number of a class.`);
    labels[Number(index)] = named(value);
  }
  return Array.from(labels, (label, i) => label ?? `class ${i}`);
}

/** Of a model's metadata; [] where it has none. Exporters of Python write a dict as it prints. */
export function labelsIn(metadata: Readonly<Record<string, string>>): string[] {
  for (const key of kKeys) {
    const text = metadata[key];
    if (text === undefined) continue;
    const pairs = [...text.matchAll(/(\d+): ?(['"])(.*?)\2(?=[,}])/g)];
    try {
      return labelsOf(text);
    } catch {
      if (pairs.length > 0) return labelsOf(JSON.stringify(Object.fromEntries(pairs.map(([, index, , label]) => [index, label]))));
    }
  }
  return [];
}
