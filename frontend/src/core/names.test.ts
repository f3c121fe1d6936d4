import { describe, expect, it } from 'vitest';
import { apart, type NamedMark } from './names';

const PANE = { width: 600, height: 700 };
const mark = (name: string, x: number, y: number, side: 'left' | 'right' = 'right'): NamedMark => ({
  name,
  text: name,
  at: { x, y },
  radius: 8,
  side,
});

/** Whether no name covers another or a mark that is not its own, by the width and height of the letters. */
function isReadable(marks: readonly NamedMark[]): boolean {
  const texts = apart(marks, [], PANE).map(({ name, text, x, y, side }) => {
    const left = side === 'left' ? x - text.length * 7 : x;
    return { name, left, right: left + text.length * 7, top: y - 10, bottom: y + 3 };
  });
  const rings = marks.map(({ name, at }) => ({
    name,
    left: at.x - 8,
    right: at.x + 8,
    top: at.y - 8,
    bottom: at.y + 8,
  }));
  return texts.every((a) =>
    [...texts, ...rings].every(
      (b) =>
        b.name === a.name || a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top,
    ),
  );
}

describe('names of marks', () => {
  it('stand beside their marks where there is room', () => {
    const [c7, left] = apart([mark('C7', 100, 50), mark('PSIS L', 300, 400, 'left')], [], PANE);
    expect(c7).toMatchObject({ x: 115, y: 54, side: 'right' });
    expect(left).toMatchObject({ x: 285, y: 404, side: 'left' });
  });

  it('can be read where the pelvis is small: PSIS and sacrum close together', () => {
    const pelvis = [
      mark('4 PSIS L', 290, 600, 'left'),
      mark('5 PSIS R', 318, 601),
      mark('6 sacrum', 304, 612),
    ];
    expect(isReadable(pelvis)).toBe(true);
  });

  it('can be read in a column of marks at the same height', () => {
    expect(isReadable([0, 1, 2, 3].map((i) => mark(`point ${i}`, 200 + 20 * i, 300)))).toBe(true);
  });

  it('go to the other side at the edge of the pane', () => {
    expect(apart([mark('scapula R', 590, 300)], [], PANE)[0]?.side).toBe('left');
  });

  it('leave the marks of others free', () => {
    const [name] = apart([mark('C7', 100, 50)], [mark('ghost', 125, 52)], PANE);
    expect(name?.side === 'left' || Math.abs((name?.y ?? 0) - 54) > 10).toBe(true);
  });
});
