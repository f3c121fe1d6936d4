import { beforeEach, expect, it, vi } from 'vitest';
import type { LabelCase, Remark } from '@/api/types';
import { Remarks } from './remarks.svelte';

const server = vi.hoisted(() => ({ say: vi.fn(), settle: vi.fn() }));
vi.mock('@/api/cases', () => ({ remarks: server }));

const remark = (id: string, change: Partial<Remark> = {}): Remark => ({
  id,
  image: 'film',
  kind: 'comment',
  text: id,
  schema: '',
  point: '',
  author: { id: 'p', username: 'ann', name: 'Ann' },
  created_at: null,
  settled_at: null,
  settled_by: null,
  ...change,
});

const shown = (image: string, remarks: Remark[]) =>
  ({ image: { id: image }, schema: { name: 'xray2' }, remarks }) as unknown as LabelCase;

function opened(...list: Remark[]): Remarks {
  const remarks = new Remarks();
  remarks.open(shown('film', list));
  return remarks;
}

beforeEach(() => {
  server.say.mockReset();
  server.settle.mockReset();
});

it('pins a comment to the point it is about, and a skip to none', async () => {
  const remarks = opened();
  server.say.mockResolvedValueOnce(remark('a'));
  remarks.begin('comment', 'C7');
  await remarks.say(' hidden ');
  expect(server.say).toHaveBeenCalledWith('film', {
    kind: 'comment',
    text: 'hidden',
    schema: 'xray2',
    point: 'C7',
  });
  expect(remarks.draft).toBeNull();
  expect(remarks.standing.map(({ id }) => id)).toEqual(['a']);
  remarks.begin('skip', 'C7');
  expect(remarks.draft).toEqual({ kind: 'skip', point: null });
});

it('keeps the draft when the server does not take it', async () => {
  const remarks = opened();
  server.say.mockRejectedValueOnce(new Error('offline'));
  remarks.begin('flag');
  await expect(remarks.say('look')).rejects.toThrow('offline');
  expect(remarks.draft).toEqual({ kind: 'flag', point: null });
  expect(remarks.isBusy).toBe(false);
});

it('moves what is settled behind what stands', async () => {
  const remarks = opened(remark('a', { kind: 'skip' }), remark('b'));
  expect(remarks.putAside?.id).toBe('a');
  server.settle.mockResolvedValueOnce(remark('a', { kind: 'skip', settled_at: '2026-01-01' }));
  await remarks.settle(remarks.list[0] as Remark);
  expect(remarks.list.map(({ id }) => id)).toEqual(['b', 'a']);
  expect(remarks.putAside).toBeNull();
});

it('writes nothing into the next case when an answer comes late', async () => {
  const remarks = opened();
  let answer: (said: Remark) => void = () => undefined;
  server.say.mockReturnValueOnce(new Promise<Remark>((resolve) => (answer = resolve)));
  remarks.begin('skip');
  const saying = remarks.say('cut off');
  remarks.open(shown('other', []));
  answer(remark('a'));
  await saying;
  expect(remarks.list).toEqual([]);
});
