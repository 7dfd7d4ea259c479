// The turn that a camera notes in a JPEG or PNG file, as the Orientation in its EXIF block, and pixels turned by it.
// Invariant: read as Chromium reads it. The first EXIF block counts, and in it the first Orientation that is one number from 1 to 8;
// what is damaged says nothing.
// References: CIPA DC-008 (Exif 2.32), sections 4.5 and 4.6; TIFF 6.0, section 2; PNG (W3C, third edition), chunk eXIf.
import type { RawImage } from '../../src/image-feed.js';

const startOfScan = 0xda, app1 = 0xe1, exifHead = 'Exif\0', tag = 0x0112, short = 3, entryBytes = 12;

/** `image` as it is to be seen. */
export function upright(image: RawImage, file: Uint8Array): RawImage {
  const orientation = orientationOf(file);
  return orientation === 1 ? image : turned(image, orientation);
}

/** 1 to 8, as TIFF counts them: 1 is upright, and of a file that says nothing. */
export function orientationOf(file: Uint8Array): number {
  const tiff = isPng(file) ? exifInPng(file) : exifInJpeg(file);
  if (!tiff || tiff.byteLength < 8) return 1;
  const order = tiff.getUint16(0);
  const little = order === 0x4949;
  if ((!little && order !== 0x4d4d) || tiff.getUint16(2, little) !== 42) return 1;
  const first = tiff.getUint32(4, little) + 2;
  if (first > tiff.byteLength) return 1;
  const end = Math.min(first + tiff.getUint16(first - 2, little) * entryBytes, tiff.byteLength);
  for (let at = first; at + entryBytes <= end; at += entryBytes) {
    const value = tiff.getUint16(at + 8, little);
    const is = tiff.getUint16(at, little) === tag && tiff.getUint16(at + 2, little) === short && tiff.getUint32(at + 4, little) === 1;
    if (is && value >= 1 && value <= 8) return value;
  }
  return 1;
}

/** Whether the bytes are a PNG file's, or else a JPEG file's. */
export const isPng = (file: Uint8Array) => file[0] === 0x89;

/* The TIFF in the first chunk eXIf in front of the pixels. */
function exifInPng(png: Uint8Array): DataView | undefined {
  const file = viewOf(png);
  for (let at = 8; at + 8 <= png.length;) {
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8)), end = at + 8 + file.getUint32(at);
    if (type === 'IDAT') return undefined;
    if (type === 'eXIf') return viewOf(png.subarray(at + 8, end));
    at = end + 4;
  }
  return undefined;
}

/* The TIFF in the first block of EXIF, which a byte of filling precedes. */
function exifInJpeg(jpeg: Uint8Array): DataView | undefined {
  const file = viewOf(jpeg);
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff && jpeg[at + 1] !== startOfScan;) {
    if (jpeg[at + 1] === 0xff) {
      at++;
      continue;
    }
    const end = at + 2 + file.getUint16(at + 2);
    const content = jpeg.subarray(at + 4, end);
    if (jpeg[at + 1] === app1 && String.fromCharCode(...content.subarray(0, exifHead.length)) === exifHead) return viewOf(content.subarray(exifHead.length + 1));
    at = end;
  }
  return undefined;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function turned({ data, width, height }: RawImage, orientation: number): RawImage {
  const [fromRight, fromBelow, swaps] = [[2, 3, 7, 8].includes(orientation), [3, 4, 6, 7].includes(orientation), orientation >= 5];
  const start = (fromRight ? width - 1 : 0) + (fromBelow ? (height - 1) * width : 0);
  const [across, down] = [fromRight ? -1 : 1, fromBelow ? -width : width];
  const [right, below] = swaps ? [down, across] : [across, down];
  const size = swaps ? { width: height, height: width } : { width, height };
  const bytes = data.length / (width * height), to = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const from = (start + x * right + y * below) * bytes;
      for (let byte = 0; byte < bytes; byte++) to[i++] = data[from + byte]!;
    }
  }
  return { ...size, data: to };
}
