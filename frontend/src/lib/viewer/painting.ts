/** Draws a pane's pixels; the only place that draws pictures, so that every pane and the magnifier agree. */
import type { Affine } from '@/core/alignment';
import type { PaneFromImage, Size } from '@/core/viewport';
import type { Picture } from '@/stores/pictures';

/**
 * A second picture in the same frame: mixed in by `share`, shown right of `share` of the frame's width, or
 * subtracted: what is grey-black then is alike in both.
 */
export interface Overlay {
  readonly picture: Picture;
  readonly mode: 'blend' | 'swipe' | 'difference';
  readonly share: number;
  /** Drawn mirrored although the first picture is not, or the reverse. */
  readonly flipped?: boolean;
  /** Where it lies in the frame, from the stored pixels of an image of this size; without, it fills the frame. */
  readonly placed?: { readonly frame: Affine; readonly size: Size } | null;
}

export interface Painting {
  readonly picture: Picture | null;
  readonly overlay: Overlay | null;
  /** The frame that both pictures fill, in image pixels. */
  readonly size: Size;
  /** Device pixels from image pixels. */
  readonly device: PaneFromImage;
  readonly backing: Size;
}

/** Above this many device pixels per image pixel the pixels themselves are shown. */
const SHOW_PIXELS_FROM = 8;

export function paint(canvas: HTMLCanvasElement, job: Painting): void {
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return;
  if (canvas.width !== job.backing.width) canvas.width = job.backing.width;
  if (canvas.height !== job.backing.height) canvas.height = job.backing.height;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = '#000';
  context.fillRect(0, 0, canvas.width, canvas.height);
  if (job.picture !== null) draw(context, job.picture, job, false);
  if (job.overlay !== null) drawOverlay(context, job.overlay, job);
}

function drawOverlay(context: CanvasRenderingContext2D, overlay: Overlay, job: Painting): void {
  context.save();
  if (overlay.mode === 'blend') context.globalAlpha = overlay.share;
  else if (overlay.mode === 'difference') context.globalCompositeOperation = 'difference';
  else {
    const left = Math.min(job.device.bx, job.device.bx + job.device.ax * job.size.width);
    const from = left + Math.abs(job.device.ax) * job.size.width * overlay.share;
    context.beginPath();
    context.rect(from, 0, Math.max(0, job.backing.width - from), job.backing.height);
    context.clip();
  }
  if (overlay.placed) drawPlaced(context, overlay.picture, overlay.placed, job);
  else draw(context, overlay.picture, job, overlay.flipped ?? false);
  context.restore();
}

function drawPlaced(
  context: CanvasRenderingContext2D,
  picture: Picture,
  { frame, size }: NonNullable<Overlay['placed']>,
  job: Painting,
): void {
  const { ax, ay, bx, by } = job.device;
  context.setTransform(ax, 0, 0, ay, bx, by);
  context.transform(...frame);
  context.imageSmoothingQuality = 'medium';
  context.drawImage(picture.source, 0, 0, size.width, size.height);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

function draw(context: CanvasRenderingContext2D, picture: Picture, job: Painting, flipped: boolean): void {
  const { ax, ay, bx, by } = job.device;
  context.setTransform(ax, 0, 0, ay, bx, by);
  if (flipped) context.transform(-1, 0, 0, 1, job.size.width, 0);
  const pixel = (Math.abs(ax) * job.size.width) / picture.width;
  context.imageSmoothingEnabled = pixel < SHOW_PIXELS_FROM;
  context.imageSmoothingQuality = 'medium';
  context.drawImage(picture.source, 0, 0, job.size.width, job.size.height);
  context.setTransform(1, 0, 0, 1, 0, 0);
}
