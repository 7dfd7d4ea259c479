// Where pictures come from: a drawn sample, a file, the clipboard, the camera. Each is painted on one canvas, which is what is seen
// and what is classified.
// Invariant: the camera is on only between a person's click and the next.

import { byId } from '../common/dom.js';
import { sampleDigit } from '../handwriting/samples.js';
import { paint } from '../handwriting/strokes.js';

const kMostSide = 1024;
const kSampleSide = 480;
/* The network was trained on pens of 18 in 280. */
const kPen = 18;

export class PictureSource {
  readonly canvas = byId<HTMLCanvasElement>('picture-canvas');
  readonly #context = this.canvas.getContext('2d', { willReadFrequently: true })!;
  readonly #video = document.createElement('video');
  readonly #changed: () => Promise<void>;
  #stream: MediaStream | undefined;

  constructor(changed: () => Promise<void>) {
    this.#changed = changed;
    this.#video.muted = this.#video.playsInline = true;
  }

  /** A photograph of a digit on paper, as near as a canvas comes. */
  sample(digit: string): Promise<void> {
    this.#size(kSampleSide, kSampleSide);
    const context = this.#context;
    const light = context.createRadialGradient(170, 140, 60, 240, 240, 380);
    light.addColorStop(0, '#ffffff');
    light.addColorStop(1, '#fbfaf8');
    context.fillStyle = light;
    context.fillRect(0, 0, kSampleSide, kSampleSide);
    context.strokeStyle = '#0c1220';
    paint(context, sampleDigit(digit), kSampleSide, kPen);
    return this.#shown(`The digit ${digit} on paper, drawn by this page`);
  }

  /** Throws where the browser cannot read the file. */
  async file(file: Blob, name: string): Promise<void> {
    const bitmap = await createImageBitmap(file).catch(() => { throw new Error(`${name} is no picture that this browser can read.`); });
    this.#draw(bitmap, bitmap.width, bitmap.height);
    bitmap.close();
    await this.#shown(name);
  }

  get hasCamera(): boolean { return this.#stream !== undefined; }

  /** Shows and classifies what the camera sees, one picture after another. */
  async startCamera(): Promise<void> {
    if (!navigator.mediaDevices) throw new Error('This page has no camera: browsers give it to pages of https and localhost only.');
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 640 } } }).catch((error: DOMException) => {
      throw new Error(error.name === 'NotAllowedError' ? 'The camera was not allowed.' : error.name === 'NotFoundError' ? 'There is no camera here.' : error.message);
    });
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    void this.#watch();
  }

  /** The last picture stays. */
  stopCamera(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.#video.srcObject = null;
  }

  async #watch(): Promise<void> {
    const stream = this.#stream;
    while (this.#stream === stream && stream) {
      const { videoWidth, videoHeight } = this.#video;
      if (videoWidth > 0) {
        this.#draw(this.#video, videoWidth, videoHeight);
        await this.#shown('What the camera sees');
      }
      await new Promise(requestAnimationFrame);
    }
  }

  #size(width: number, height: number): void {
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  #draw(source: CanvasImageSource, width: number, height: number): void {
    const scale = Math.min(1, kMostSide / Math.max(width, height));
    this.#size(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
    this.#context.imageSmoothingQuality = 'high';
    this.#context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.#context.drawImage(source, 0, 0, this.canvas.width, this.canvas.height);
  }

  #shown(name: string): Promise<void> {
    this.canvas.setAttribute('aria-label', name);
    return this.#changed();
  }
}
