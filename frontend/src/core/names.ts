/** Where the names beside marks stand, so that they can be read: none on another, none on a mark. Pane pixels. */
import type { Size, Spot } from './viewport';

export interface NamedMark {
  readonly name: string;
  readonly text: string;
  /** The centre of the mark, and how far from it the mark ends. */
  readonly at: Spot;
  readonly radius: number;
  /** The side on which its name stands if there is room. */
  readonly side: 'left' | 'right';
}

export interface PlacedName {
  readonly name: string;
  readonly text: string;
  /** The baseline of the text at the end that is nearer to the mark. */
  readonly x: number;
  readonly y: number;
  readonly side: 'left' | 'right';
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Of the 12 px face that the names are set in; a little more than its mean, so that the estimate errs on the safe side. */
const CHARACTER_PX = 7.2;
const LINE_PX = 15;
const GAP_PX = 7;
const STEP_PX = 3;
const FARTHEST_PX = 45;
/** To the other side is as good as this far up or down. */
const OTHER_SIDE_PX = 20;

/** Names keep their wish where they can; one that would lie on something goes up, down or to the other side. */
export function apart(marks: readonly NamedMark[], others: readonly NamedMark[], pane: Size): PlacedName[] {
  const rings = [...marks, ...others];
  const taken: Box[] = [];
  const placed = new Map<string, PlacedName>();
  for (const mark of [...marks].sort((a, b) => a.at.y - b.at.y)) {
    const avoid = [...rings.filter((ring) => ring !== mark).map(ringBox), ...taken];
    const choices = wishes(mark).filter((choice) => isInside(textBox(choice), pane));
    const free = choices.find((choice) => !avoid.some((box) => overlap(box, textBox(choice))));
    const chosen = free ?? choices[0] ?? standing(mark, mark.side, 0);
    taken.push(textBox(chosen));
    placed.set(mark.name, chosen);
  }
  return marks.flatMap(({ name }) => placed.get(name) ?? []);
}

/** The places a name may take, the best first. */
function wishes(mark: NamedMark): PlacedName[] {
  const other = mark.side === 'left' ? 'right' : 'left';
  const found: { cost: number; place: PlacedName }[] = [];
  for (let up = 0; up <= FARTHEST_PX; up += STEP_PX) {
    for (const dy of up === 0 ? [0] : [up, -up]) {
      found.push({ cost: up, place: standing(mark, mark.side, dy) });
      found.push({ cost: up + OTHER_SIDE_PX, place: standing(mark, other, dy) });
    }
  }
  return found.sort((a, b) => a.cost - b.cost).map(({ place }) => place);
}

function standing({ name, text, at, radius }: NamedMark, side: 'left' | 'right', dy: number): PlacedName {
  const reach = radius + GAP_PX;
  return { name, text, side, x: side === 'left' ? at.x - reach : at.x + reach, y: at.y + 4 + dy };
}

function textBox({ text, x, y, side }: PlacedName): Box {
  const width = text.length * CHARACTER_PX;
  const left = side === 'left' ? x - width : x;
  return { left, right: left + width, top: y - LINE_PX + 4, bottom: y + 4 };
}

function ringBox({ at, radius }: NamedMark): Box {
  return { left: at.x - radius, right: at.x + radius, top: at.y - radius, bottom: at.y + radius };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function isInside({ left, right }: Box, pane: Size): boolean {
  return left >= 0 && right <= pane.width;
}
