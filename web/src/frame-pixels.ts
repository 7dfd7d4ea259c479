// The bytes of a VideoFrame, which come without a canvas: a twentieth of the time.
// Invariant: what is given is opaque. Where something shows through, some browsers give colours that are multiplied by the opacity
// and say that they are not, so that a canvas has to do it.

/** Bytes of pixels, four each, of which the fourth means nothing. */
export interface FramePixels {
  width: number;
  height: number;
  /** Whether blue comes first. */
  bgr: boolean;
}

/**
 * Writes the pixels of `frame` into what `room` gives for so many bytes. undefined: it is shown otherwise than it is stored, the
 * browser does not convert its format, or it is not opaque.
 */
export async function copyPixels(frame: VideoFrame, room: (bytes: number) => Uint8Array): Promise<FramePixels | undefined> {
  const { visibleRect, displayWidth: width, displayHeight: height, format } = frame;
  if (visibleRect?.width !== width || visibleRect.height !== height) return undefined;
  const packed = /^(RGB|BGR)[AX]$/.test(format ?? '');
  const data = room(width * height * 4);
  try {
    await frame.copyTo(data, { layout: [{ offset: 0, stride: width * 4 }], ...(!packed && { format: 'RGBA' as const }) });
  } catch {
    return undefined;
  }
  if (format?.endsWith('A') && !isOpaque(data)) return undefined;
  return { width, height, bgr: packed && format!.startsWith('BGR') };
}

function isOpaque({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
  const pixels = new Uint32Array(buffer, byteOffset, byteLength / 4);
  let all = -1;
  for (let i = 0; i < pixels.length; i++) all &= pixels[i]!;
  return all >>> 24 === 255;
}
