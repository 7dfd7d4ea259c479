// Licence texts: the files that carry one in a folder, and Debian's machine-readable copyright files, for packages whose files
// were left out. https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const kNames = /^(licen[cs]e|copying|copyright|notice)([.-].*)?$/i;

const readText = (path) => `${readFileSync(path, 'utf8').replace(/\r\n/g, '\n').trim()}\n`;

/** The texts of the files named LICENSE, COPYING, COPYRIGHT or NOTICE in a folder itself, by file name. */
export function licenceTexts(folder) {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  const files = readdirSync(folder, { withFileTypes: true }).filter((file) => file.isFile() && kNames.test(file.name));
  return files.map(({ name }) => name).sort().map((name) => readText(join(folder, name)));
}

/* Indented by a space, and empty lines a dot. */
const unfold = (lines) => lines.map((line) => (line.trim() === '.' ? '' : line.replace(/^ /, ''))).join('\n').trimEnd();

/* [{ Files, Copyright, License, Comment }] with the lines of each field. */
function paragraphsOf(text) {
  return text.split(/\n{2,}/).map((block) => {
    const fields = {};
    let field;
    for (const line of block.split('\n')) {
      const [, name, rest] = /^([A-Z][A-Za-z-]*):\s*(.*)$/.exec(line) ?? [];
      if (name) fields[(field = name)] = [rest];
      else if (field) fields[field].push(line);
    }
    return fields;
  });
}

/**
 * What a copyright file says of the files `pattern`, as it stands there: who holds the copyright, and the texts of the licences.
 * Undefined where the file or the pattern is not there.
 */
export function debianTexts(copyrightFile, pattern) {
  if (!existsSync(copyrightFile)) return undefined;
  const paragraphs = paragraphsOf(readFileSync(copyrightFile, 'utf8'));
  const own = paragraphs.find(({ Files = [] }) => Files.some((line) => line.trim() === pattern));
  if (!own) return undefined;
  const [names, ...grant] = own.License;
  const standing = names.split(/ (?:or|and) /).map((name) =>
    paragraphs.find(({ Files, License = [] }) => !Files && License[0] === name && License.length > 1));
  const texts = [`Copyright:\n${unfold(own.Copyright.slice(1))}`, `Licence: ${names}\n${unfold(grant)}`,
    ...standing.filter(Boolean).map(({ License: [name, ...lines] }) => `${name}:\n${unfold(lines)}`)];
  return texts.map((text) => `${text.trim()}\n`);
}
