// CSV files with a header. Reference: RFC 4180; lines may end in LF alone.
// Invariant: every row has as many cells as the header; what is wrong is named by file and line.
import { existsSync, readFileSync } from 'node:fs';
import { fail } from '../../src/errors.js';
import { asNumber } from '../../src/evaluate/reading.js';
import type { Attribute } from '../../src/evaluate/slices/columns.js';

export interface Table {
  header: string[];
  rows: { line: number; cells: string[] }[];
}

export function readTable(file: string): Table {
  if (!existsSync(file)) fail('InvalidArgument', `cannot read ${file}`, 'Check the path.');
  const [head, ...rows] = [...recordsOf(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''), file)];
  if (!head) return fail('InvalidArgument', `${file} is empty`, 'Its first line names the columns.');
  const header = head.cells.map((name) => name.trim());
  const twice = header.find((name, i) => name === '' || header.indexOf(name) !== i);
  if (twice !== undefined) fail('InvalidArgument', `${file}:1: ${twice === '' ? 'a column has no name' : `two columns are called '${twice}'`}`, 'Name each column once.');
  for (const { line, cells } of rows) {
    if (cells.length !== header.length) fail('InvalidArgument', `${file}:${line}: ${cells.length} cells for ${header.length} columns`, 'Put text with commas in double quotes.');
  }
  return { header, rows };
}

function* recordsOf(text: string, file: string): Generator<{ line: number; cells: string[] }> {
  let line = 1, first = 1, cells: string[] = [], cell = '', quoted = false, wasQuoted = false;
  for (let i = 0; i <= text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === undefined) fail('InvalidArgument', `${file}:${first}: a quote is not closed`, 'Close it, and double quotes inside.');
      if (char === '\n') line++;
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (char === '"' && cell === '' && !wasQuoted) quoted = wasQuoted = true;
    else if (char === ',' || char === '\n' || char === undefined) {
      cells.push(char === ',' || wasQuoted ? cell : cell.replace(/\r$/, ''));
      [cell, wasQuoted] = ['', false];
      if (char === ',') continue;
      if (cells.length > 1 || cells[0] !== '') yield { line: first, cells };
      [cells, first] = [[], ++line];
    } else if (!wasQuoted) cell += char;
    else if (char !== '\r') fail('InvalidArgument', `${file}:${line}: text follows a closed quote`, 'Double the quotes inside.');
  }
}

/** A number where the cell is written as one, and it is finite; null where it is empty. */
export function attributeOf(cell: string): Attribute {
  const text = cell.trim();
  return text === '' ? null : asNumber(text);
}
