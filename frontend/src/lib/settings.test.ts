import { describe, expect, it } from 'vitest';
import type { Recipe } from '@/api/jobs';
import { differingSettings } from './settings';

const recipe = (changes: Partial<Recipe>): Recipe => ({
  kind: 'landmarks',
  name: 'back-trial',
  title: 'Back, trial run',
  summary: '',
  target: 'back',
  channels: ['colour', 'depth'],
  architecture: 'unet',
  epochs: 2,
  batch: 4,
  learning_rate: 0.001,
  seed: 1,
  precision: '32-true',
  settings: { image_px: 64 },
  ...changes,
});

describe('differingSettings', () => {
  it('names only what is not the same in all', () => {
    const found = differingSettings([
      recipe({}),
      recipe({ epochs: 5, settings: { image_px: 64, flip_probability: 0.5 } }),
    ]);
    expect(found).toEqual([
      { name: 'Epochs', values: ['2', '5'] },
      { name: 'Flip probability', values: ['', '50\u00a0%'] },
    ]);
  });

  it('finds nothing in equal recipes', () => {
    expect(differingSettings([recipe({}), recipe({})])).toEqual([]);
  });
});
