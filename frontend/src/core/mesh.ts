/** A depth picture as a surface of triangles, in millimetres: x right, y up, z towards the viewer, the camera at 0. */
import type { DepthWindow } from './depthwindow';
import type { Depth } from './npy';
import type { Spot } from './viewport';

/** Focal lengths and principal point, px of the depth grid. */
export interface Lens {
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
}

export interface Mesh {
  /** x, y, z of each corner. */
  readonly positions_mm: Float32Array;
  /** Red, green, blue of each corner, 0..255. */
  readonly colours: Uint8Array;
  /** Three corners a triangle. */
  readonly triangles: Uint32Array;
}

export type Xyz = readonly [number, number, number];

/** Every second pixel: a child's back in some 20,000 triangles. */
const STEP_PX = 2;
/** Between neighbours farther apart than this lies an edge, not a surface. */
const JUMP_MM = 40;
/** How far from a hole its depth may be taken from, px. */
const REACH_PX = 6;

/** The camera's own numbers; without them those of a Kinect's colour picture, seen from its middle. */
export function lensOf(camera: Readonly<Record<string, unknown>> | null, depth: Depth): Lens {
  const given = (name: string, otherwise: number): number => {
    const value = camera?.[name];
    return typeof value === 'number' && value > 0 ? value : otherwise;
  };
  const fx = given('fx', 0.47 * depth.width);
  return { fx, fy: given('fy', fx), cx: given('cx', depth.width / 2), cy: given('cy', depth.height / 2) };
}

/**
 * The largest piece of what lies in the window (a child, not the floor), as triangles; none across a hole or a jump.
 * @param pixels RGBA of the depth's own size.
 */
export function meshOf(depth: Depth, window: DepthWindow, lens: Lens, pixels: Uint8ClampedArray): Mesh {
  const { width, height, values_mm } = depth;
  if (pixels.length !== 4 * width * height) throw new RangeError('the picture and the depth differ in size');
  const [across, down] = [Math.ceil(width / STEP_PX), Math.ceil(height / STEP_PX)];
  const corners = new Int32Array(across * down).fill(-1);
  const positions: number[] = [];
  const colours: number[] = [];
  for (let row = 0; row < down; row += 1) {
    for (let column = 0; column < across; column += 1) {
      const [x, y] = [column * STEP_PX, row * STEP_PX];
      const i = y * width + x;
      const mm = values_mm[i]!;
      if (mm === 0 || mm > window.far_mm) continue;
      corners[row * across + column] = positions.length / 3;
      positions.push(...inSpace(lens, { x: x + 0.5, y: y + 0.5 }, mm));
      colours.push(pixels[4 * i]!, pixels[4 * i + 1]!, pixels[4 * i + 2]!);
    }
  }
  return largest(positions, colours, joined(corners, across, down, positions));
}

/** The corners and triangles of the piece that has the most triangles. */
function largest(
  positions: readonly number[],
  colours: readonly number[],
  triangles: readonly number[],
): Mesh {
  const roots = piecesOf(positions.length / 3, triangles);
  const sizes = new Uint32Array(roots.length);
  for (let i = 0; i < triangles.length; i += 3) sizes[roots[triangles[i]!]!]! += 1;
  const piece = sizes.indexOf(sizes.reduce((most, size) => Math.max(most, size), 0));
  const kept = new Int32Array(roots.length).fill(-1);
  const [xyz, rgb]: [number[], number[]] = [[], []];
  roots.forEach((root, corner) => {
    if (root !== piece) return;
    kept[corner] = xyz.length / 3;
    xyz.push(...positions.slice(3 * corner, 3 * corner + 3));
    rgb.push(...colours.slice(3 * corner, 3 * corner + 3));
  });
  return {
    positions_mm: new Float32Array(xyz),
    colours: new Uint8Array(rgb),
    triangles: Uint32Array.from(triangles.map((corner) => kept[corner]!).filter((corner) => corner >= 0)),
  };
}

/** For each corner the first of those it hangs together with. */
function piecesOf(count: number, triangles: readonly number[]): Uint32Array {
  const parent = Uint32Array.from({ length: count }, (_, i) => i);
  const rootOf = (corner: number): number => {
    let at = corner;
    while (parent[at] !== at) at = parent[at] = parent[parent[at]!]!;
    return at;
  };
  for (let i = 0; i < triangles.length; i += 3) {
    const [a, b, c] = [rootOf(triangles[i]!), rootOf(triangles[i + 1]!), rootOf(triangles[i + 2]!)];
    const first = Math.min(a, b, c);
    parent[a] = parent[b] = parent[c] = first;
  }
  return parent.map((_, i) => rootOf(i));
}

function joined(corners: Int32Array, across: number, down: number, positions: readonly number[]): number[] {
  const triangles: number[] = [];
  const add = (a: number, b: number, c: number): void => {
    if (a < 0 || b < 0 || c < 0) return;
    const depths = [positions[3 * a + 2]!, positions[3 * b + 2]!, positions[3 * c + 2]!];
    if (Math.max(...depths) - Math.min(...depths) <= JUMP_MM) triangles.push(a, b, c);
  };
  for (let row = 0; row + 1 < down; row += 1) {
    for (let column = 0; column + 1 < across; column += 1) {
      const at = row * across + column;
      const [a, b, c, d] = [corners[at]!, corners[at + 1]!, corners[at + across]!, corners[at + across + 1]!];
      // Anticlockwise as the camera sees them: outside is towards it.
      add(a, c, b);
      add(b, c, d);
    }
  }
  return triangles;
}

/** Where a spot of the depth grid lies on the surface; beside a hole, at the depth nearest to it; null within one. */
export function onSurface(depth: Depth, lens: Lens, spot: Spot): Xyz | null {
  const mm = nearestDepth(depth, Math.floor(spot.x), Math.floor(spot.y));
  return mm === null ? null : inSpace(lens, spot, mm);
}

function nearestDepth({ width, height, values_mm }: Depth, x: number, y: number): number | null {
  let found: { mm: number; away: number } | null = null;
  for (let dy = -REACH_PX; dy <= REACH_PX; dy += 1) {
    for (let dx = -REACH_PX; dx <= REACH_PX; dx += 1) {
      const [column, row] = [x + dx, y + dy];
      if (column < 0 || row < 0 || column >= width || row >= height) continue;
      const mm = values_mm[row * width + column]!;
      const away = dx * dx + dy * dy;
      if (mm !== 0 && away <= REACH_PX * REACH_PX && (found === null || away < found.away))
        found = { mm, away };
    }
  }
  return found?.mm ?? null;
}

function inSpace(lens: Lens, spot: Spot, mm: number): Xyz {
  return [((spot.x - lens.cx) * mm) / lens.fx, ((lens.cy - spot.y) * mm) / lens.fy, -mm];
}
