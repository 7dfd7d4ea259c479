// dist/THIRD_PARTY_NOTICES.txt: the licences of all that the package holds of others, with their texts.
// Invariant: the same parts give the same bytes. Parts with the same texts stand together.
const kWide = '='.repeat(100);
const kThin = '-'.repeat(100);

/** The notices of `parts`, which scripts/lib/attribution.mjs gives. */
export function noticesOf(parts) {
  const byText = new Map();
  for (const part of parts) {
    const text = part.texts.join('\n');
    byText.set(text, [...(byText.get(text) ?? []), part]);
  }
  const sections = [...byText].map(([text, those]) => {
    const heads = those.map(({ name, version, licence, purl }) => `${name} ${version} (${licence})\n${purl}`);
    return `${kWide}\n${heads.join('\n')}\n${kThin}\n\n${text.trim()}\n`;
  });
  return [
    'Third-party notices\n',
    `The npm package insitu, which is under the Apache License 2.0, holds parts of the following software: ${parts.length} in all.\n`,
    ...sections,
  ].join('\n');
}
