// JPEG and PNG files with EXIF blocks: every turn in both byte orders, and blocks that are damaged, with how a browser shows each.
import { crc32 } from 'node:zlib';
import { decode as decodePng, encode as encodePng } from 'fast-png';
import jpeg from 'jpeg-js';

/* Blocks of 8 pixels, which JPEG keeps, a level each: two in a row, three rows. */
const kBlock = 8, kColumns = 2, kRows = 3, kLevel = 50;
const kSize = { width: kColumns * kBlock, height: kRows * kBlock };
const blockOf = (pixel) => Math.floor(pixel / kSize.width / kBlock) * kColumns + Math.floor((pixel % kSize.width) / kBlock);
const pixels = { ...kSize, data: Uint8Array.from({ length: kSize.width * kSize.height * 4 }, (_, i) => (i % 4 === 3 ? 255 : blockOf(i >> 2) * kLevel)) };
const plain = Buffer.from(jpeg.encode(pixels, 100).data);
/* Of 1, 3 or 4 channels. */
const pngOf = (channels) => Buffer.from(encodePng({ ...pixels, channels, data: channels === 4 ? pixels.data : pixels.data.filter((_, i) => i % 4 < channels) }));

/** What is seen, row by row, for Orientation 1 to 8. */
export const kTurns = { 1: '01 23 45', 2: '10 32 54', 3: '54 32 10', 4: '45 23 01', 5: '024 135', 6: '420 531', 7: '531 420', 8: '135 024' };

/** What is in the file, without any turn. */
export const decoded = (bytes) => (bytes[0] === 0x89 ? decodePng(bytes) : jpeg.decode(bytes, { useTArray: true }));

/** The levels of a picture, row by row. */
export function levelsOf({ data, width, height }) {
  const channels = data.length / (width * height);
  const level = (row, column) => Math.round(data[((row + 0.5) * kBlock * width + (column + 0.5) * kBlock) * channels] / kLevel);
  return Array.from({ length: height / kBlock }, (_, row) => Array.from({ length: width / kBlock }, (_, column) => level(row, column)).join('')).join(' ');
}

/** The pixels of levels as levelsOf() gives them, from 0 to 1, row by row. */
export const pixelsOf = (levels) => levels.split(' ').flatMap((row) => Array(kBlock).fill([...row].flatMap((level) => Array(kBlock).fill(level * kLevel / 255))).flat());

/** A segment APP1. */
export function segment(content, head = 'Exif\0\0') {
  const bytes = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 0]), Buffer.from(head, 'latin1'), content]);
  bytes.writeUInt16BE(bytes.length - 2, 2);
  return bytes;
}

/** A TIFF with one directory, `at` there, of entries [tag, type, count, value]. */
export function tiff(entries, { little = true, order = little ? 'II' : 'MM', magic = 42, at = 8, offset = at, count = entries.length } = {}) {
  const bytes = Buffer.alloc(at + 2 + entries.length * 12 + 4);
  const put = (value, size, where) => (little ? bytes.writeUIntLE(value, where, size) : bytes.writeUIntBE(value, where, size));
  bytes.write(order);
  put(magic, 2, 2);
  put(offset, 4, 4);
  put(count, 2, at);
  entries.forEach(([tag, type, of, value], i) => {
    const where = at + 2 + i * 12;
    put(tag, 2, where);
    put(type, 2, where + 2);
    put(of, 4, where + 4);
    put(value, type === 3 ? 2 : 4, where + 8);
  });
  return bytes;
}

/** `bytes` of a JPEG file with these segments first. */
export const withSegments = (bytes, ...segments) => Buffer.concat([bytes.subarray(0, 2), ...segments, bytes.subarray(2)]);

/* A chunk of PNG. */
function chunk(content, type = 'eXIf') {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), content, Buffer.alloc(4)]);
  bytes.writeUInt32BE(content.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
  return bytes;
}

/* `bytes` of a PNG file with these chunks behind the header, or in front of the end. */
const headerEnd = 8 + 25, endBytes = 12;
const withChunks = (bytes, ...chunks) => Buffer.concat([bytes.subarray(0, headerEnd), ...chunks, bytes.subarray(headerEnd)]);
const withChunkLast = (bytes, last) => Buffer.concat([bytes.subarray(0, -endBytes), last, bytes.subarray(-endBytes)]);

const of = (value, options) => tiff([[0x112, 3, 1, value]], options);
const turn = (value, options) => segment(of(value, options));
const other = [0x100, 3, 1, 6];
const begin = plain.indexOf(Buffer.from([0xff, 0xda]));

/** What it is, the file, and the Orientation that counts. */
export const kPictures = [
  ['no block', plain, 1],
  ...[true, false].flatMap((little) => [1, 2, 3, 4, 5, 6, 7, 8].map((value) => [`${value}, ${little ? 'II' : 'MM'}`, withSegments(plain, turn(value, { little })), value])),
  ...[0, 9, 256].map((value) => [`the value ${value}`, withSegments(plain, turn(value)), 1]),
  ['a LONG', withSegments(plain, segment(tiff([[0x112, 4, 1, 6]]))), 1],
  ['a LONG in MM', withSegments(plain, segment(tiff([[0x112, 4, 1, 6 << 16]], { little: false }))), 1],
  ['two numbers', withSegments(plain, segment(tiff([[0x112, 3, 2, 6]]))), 1],
  ['no number', withSegments(plain, segment(tiff([[0x112, 3, 0, 6]]))), 1],
  ['another tag alone', withSegments(plain, segment(tiff([other]))), 1],
  ['behind another tag', withSegments(plain, segment(tiff([other, [0x112, 3, 1, 6]]))), 6],
  ['twice', withSegments(plain, segment(tiff([[0x112, 3, 1, 3], [0x112, 3, 1, 6]]))), 3],
  ['a wrong one, then a right one', withSegments(plain, segment(tiff([[0x112, 3, 1, 9], [0x112, 3, 1, 6]]))), 6],
  ['an order that is none', withSegments(plain, turn(6, { order: 'IM', little: false })), 1],
  ['the order of the other one', withSegments(plain, turn(6, { order: 'MM' })), 1],
  ['a magic number that is none', withSegments(plain, turn(6, { magic: 43 })), 1],
  ['a directory further on', withSegments(plain, turn(6, { at: 21 })), 6],
  ...[0, 24, 25, 26, 5_000, 0xffff_fff0, 0xffff_ffff].map((offset) => [`a directory at ${offset}`, withSegments(plain, turn(6, { offset })), 1]),
  ['no entries', withSegments(plain, turn(6, { count: 0 })), 1],
  ['more entries than there are', withSegments(plain, turn(6, { count: 65_535 })), 6],
  ['no link to the next directory', withSegments(plain, segment(of(6).subarray(0, 22))), 6],
  ...[0, 1, 2, 4, 7, 8, 9, 10, 11, 18, 21].map((length) => [`cut after ${length} bytes`, withSegments(plain, segment(of(6).subarray(0, length))), 1]),
  ['a head alone', withSegments(plain, segment(Buffer.alloc(0), 'Exif\0')), 1],
  ['another filling', withSegments(plain, segment(of(6), 'Exif\0\xff')), 6],
  ['a head in capitals', withSegments(plain, segment(of(6), 'EXIF\0\0')), 1],
  ['behind XMP', withSegments(plain, segment(Buffer.from('<x/>'), 'http://ns.adobe.com/xap/1.0/\0'), turn(6)), 6],
  ['two blocks', withSegments(plain, turn(6), turn(3)), 6],
  ['a damaged block, then one that is whole', withSegments(plain, segment(Buffer.from('damaged!')), turn(6)), 1],
  ['behind a byte of filling', withSegments(plain, Buffer.from([0xff]), turn(6)), 6],
  ['right in front of the pixels', Buffer.concat([plain.subarray(0, begin), turn(6), plain.subarray(begin)]), 6],
  ['behind the pixels', Buffer.concat([plain, turn(6)]), 1],
  ['PNG without a chunk', pngOf(3), 1],
  ...[true, false].flatMap((little) => [1, 2, 3, 4, 5, 6, 7, 8].map((value) => [`PNG, ${value}, ${little ? 'II' : 'MM'}`, withChunks(pngOf(3), chunk(of(value, { little }))), value])),
  ...[1, 4].map((channels) => [`PNG of ${channels} channels`, withChunks(pngOf(channels), chunk(of(6))), 6]),
  ['PNG, two chunks', withChunks(pngOf(3), chunk(of(6)), chunk(of(3))), 6],
  ['PNG, behind another chunk', withChunks(pngOf(3), chunk(Buffer.from('Title\0eXIf'), 'tEXt'), chunk(of(6))), 6],
  ['PNG, a chunk with a head', withChunks(pngOf(3), chunk(Buffer.concat([Buffer.from('Exif\0\0'), of(6)]))), 1],
  ['PNG, a chunk of nothing', withChunks(pngOf(3), chunk(Buffer.alloc(0))), 1],
  ['PNG, a chunk behind the pixels', withChunkLast(pngOf(3), chunk(of(6))), 1],
];
