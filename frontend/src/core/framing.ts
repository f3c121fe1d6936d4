/** Which part of a picture to show first: the child, not the room. */
import type { DepthWindow } from './depthwindow';
import type { Depth } from './npy';
import { fitScale, limited, type Size, type View } from './viewport';

/** Fractions of the picture, 0..1. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const WHOLE: Frame = { left: 0, top: 0, right: 1, bottom: 1 };

/** A row or column belongs to the child when it holds this share of what the fullest one holds. */
const LEAST_SHARE = 0.1;
/** Air around the child, as a share of its size. */
const MARGIN = 0.06;

/** Where the surface inside the window lies in a depth image (stored pixels as fractions); the whole when unclear. */
export function surfaceFrame(depth: Depth, window: DepthWindow): Frame {
  const columns = new Uint32Array(depth.width);
  const rows = new Uint32Array(depth.height);
  for (let row = 0; row < depth.height; row += 1) {
    for (let column = 0; column < depth.width; column += 1) {
      const mm = depth.values_mm[row * depth.width + column] as number;
      if (mm < window.near_mm || mm > window.far_mm) continue;
      columns[column] = (columns[column] as number) + 1;
      rows[row] = (rows[row] as number) + 1;
    }
  }
  const [left, right] = extent(columns);
  const [top, bottom] = extent(rows);
  return right - left < 0.02 || bottom - top < 0.02 ? WHOLE : { left, top, right, bottom };
}

/** The same part of the picture as it is drawn mirrored. */
export function mirroredFrame({ left, top, right, bottom }: Frame): Frame {
  return { left: 1 - right, top, right: 1 - left, bottom };
}

/** The view that fills a pane with a frame of the displayed picture. */
export function framing(frame: Frame, image: Size, pane: Size): View {
  const width = (frame.right - frame.left) * image.width;
  const height = (frame.bottom - frame.top) * image.height;
  const scale = Math.min(pane.width / width, pane.height / height);
  const zoom = scale / fitScale(image, pane);
  const view = { zoom, u: (frame.left + frame.right) / 2, v: (frame.top + frame.bottom) / 2 };
  return limited(view, image, pane);
}

/** The first and last place that holds enough, with some air, as fractions. */
function extent(counts: Uint32Array): [number, number] {
  const least = LEAST_SHARE * counts.reduce((most, count) => Math.max(most, count), 1);
  const first = counts.findIndex((count) => count >= least);
  const last = counts.findLastIndex((count) => count >= least);
  if (first < 0) return [0, 0];
  const air = MARGIN * (last + 1 - first);
  const share = (at: number): number => Math.min(1, Math.max(0, at / counts.length));
  return [share(first - air), share(last + 1 + air)];
}
