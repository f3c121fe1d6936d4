import { expect, it } from 'vitest';
import { apart } from './apart';

it('leaves alone what is apart already', () => {
  expect(apart([10, 50, 30], 14, 100)).toEqual([10, 50, 30]);
});

it('moves what is too close, in order', () => {
  expect(apart([20, 22, 21], 10, 100)).toEqual([20, 40, 30]);
});

it('stays within, pushing the ones before', () => {
  expect(apart([95, 90], 10, 100)).toEqual([100, 90]);
  expect(apart([99, 98, 97], 10, 100)).toEqual([100, 90, 80]);
});

it('takes an empty list', () => {
  expect(apart([], 10, 100)).toEqual([]);
});
