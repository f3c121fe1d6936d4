/**
 * Where an image lies in a pane: image pixels <-> pane pixels, zoom, pan, fit, mirror, device pixels. Pure.
 *
 * Image frame: stored pixels, x right, y down, continuous, (0, 0) = outer corner of the first pixel.
 * Pane frame: CSS pixels from the pane's top left corner.
 * A `View` speaks of the *displayed* (perhaps mirrored) image as fractions, so that panes which show pictures
 * of different sizes, or one mirrored and one not, can share one view.
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** zoom 1 = the whole image fits; (u, v) = the fraction of the displayed image at the pane's centre. */
export interface View {
  readonly zoom: number;
  readonly u: number;
  readonly v: number;
}

/** pane = (ax * x + bx, ay * y + by): no rotation or shear, ax < 0 when mirrored. */
export interface PaneFromImage {
  readonly ax: number;
  readonly ay: number;
  readonly bx: number;
  readonly by: number;
}

export const FITTED: View = { zoom: 1, u: 0.5, v: 0.5 };
export const MIN_ZOOM = 0.5;
/** No picture is drawn larger than this many CSS pixels per image pixel. */
export const MAX_SCALE = 48;

/** CSS pixels per image pixel at zoom 1. */
export function fitScale(image: Size, pane: Size): number {
  if (image.width <= 0 || image.height <= 0) throw new RangeError('an image needs a width and a height');
  return Math.max(1e-6, Math.min(pane.width / image.width, pane.height / image.height));
}

export function scaleOf(view: View, image: Size, pane: Size): number {
  return fitScale(image, pane) * view.zoom;
}

export function paneFromImage(view: View, image: Size, pane: Size, mirrored: boolean): PaneFromImage {
  const scale = scaleOf(view, image, pane);
  const left = pane.width / 2 - view.u * image.width * scale;
  const by = pane.height / 2 - view.v * image.height * scale;
  return mirrored
    ? { ax: -scale, ay: scale, bx: left + image.width * scale, by }
    : { ax: scale, ay: scale, bx: left, by };
}

export function toPane(map: PaneFromImage, spot: Spot): Spot {
  return { x: map.ax * spot.x + map.bx, y: map.ay * spot.y + map.by };
}

export function toImage(map: PaneFromImage, spot: Spot): Spot {
  return { x: (spot.x - map.bx) / map.ax, y: (spot.y - map.by) / map.ay };
}

export function isInside(image: Size, spot: Spot): boolean {
  return spot.x >= 0 && spot.y >= 0 && spot.x <= image.width && spot.y <= image.height;
}

/** The nearest spot on the image: a point may lie on its edge, never outside. */
export function within(image: Size, spot: Spot): Spot {
  return { x: clamp(spot.x, 0, image.width), y: clamp(spot.y, 0, image.height) };
}

/** Keeps some of the image in the pane and the zoom between half the fit and 48 px per pixel. */
export function limited(view: View, image: Size, pane: Size): View {
  const most = Math.max(1, MAX_SCALE / fitScale(image, pane));
  return { zoom: clamp(view.zoom, MIN_ZOOM, most), u: clamp(view.u, 0, 1), v: clamp(view.v, 0, 1) };
}

/** Zooms by a factor; what lies under `at` (pane pixels) stays under it. */
export function zoomedAt(view: View, factor: number, at: Spot, image: Size, pane: Size): View {
  const zoom = limited({ ...view, zoom: view.zoom * factor }, image, pane).zoom;
  const before = scaleOf(view, image, pane);
  const after = fitScale(image, pane) * zoom;
  const gain = 1 / before - 1 / after;
  const u = view.u + ((at.x - pane.width / 2) * gain) / image.width;
  const v = view.v + ((at.y - pane.height / 2) * gain) / image.height;
  return limited({ zoom, u, v }, image, pane);
}

/** Moves the picture by (dx, dy) pane pixels. */
export function pannedBy(view: View, dx: number, dy: number, image: Size, pane: Size): View {
  const scale = scaleOf(view, image, pane);
  return limited(
    { zoom: view.zoom, u: view.u - dx / (image.width * scale), v: view.v - dy / (image.height * scale) },
    image,
    pane,
  );
}

/** Two fingers: the image keeps to both as well as it can without turning. */
export function pinched(
  start: View,
  from: readonly [Spot, Spot],
  to: readonly [Spot, Spot],
  image: Size,
  pane: Size,
): View {
  const spread = Math.max(1, distance(from[0], from[1]));
  const middle = midpoint(from[0], from[1]);
  const zoomed = zoomedAt(start, distance(to[0], to[1]) / spread, middle, image, pane);
  const now = midpoint(to[0], to[1]);
  return pannedBy(zoomed, now.x - middle.x, now.y - middle.y, image, pane);
}

/** The view that has `spot` (image pixels) on screen; the same object when it already is. */
export function revealing(view: View, spot: Spot, image: Size, pane: Size, mirrored: boolean): View {
  const at = toPane(paneFromImage(view, image, pane, mirrored), spot);
  const edge = Math.min(32, pane.width / 8, pane.height / 8);
  const seen = at.x >= edge && at.y >= edge && at.x <= pane.width - edge && at.y <= pane.height - edge;
  if (seen) return view;
  return pannedBy(view, pane.width / 2 - at.x, pane.height / 2 - at.y, image, pane);
}

/** The size of a canvas that has one pixel per device pixel. */
export function backingSize(pane: Size, pixelRatio: number): Size {
  return {
    width: Math.max(1, Math.round(pane.width * pixelRatio)),
    height: Math.max(1, Math.round(pane.height * pixelRatio)),
  };
}

/** The same map in device pixels; exact also where the ratio is not whole and the canvas was rounded. */
export function deviceFromImage(map: PaneFromImage, pane: Size, backing: Size): PaneFromImage {
  const rx = backing.width / pane.width;
  const ry = backing.height / pane.height;
  return { ax: map.ax * rx, ay: map.ay * ry, bx: map.bx * rx, by: map.by * ry };
}

export function distance(a: Spot, b: Spot): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

export function midpoint(a: Spot, b: Spot): Spot {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
