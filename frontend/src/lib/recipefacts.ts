import type { Recipe } from '@/api/jobs';

const CHANNEL = { colour: 'colour', depth: 'depth' } as const;

/** What of a recipe people ask for first, as names and values. */
export function recipeFacts(recipe: Recipe): { name: string; value: string | number }[] {
  const percent = (share: number) => `${Math.round(share * 100)}\u00a0%`;
  return [
    { name: 'Recipe', value: recipe.title },
    { name: 'Network', value: `${recipe.architecture}, width ${recipe.width}` },
    { name: 'Sees', value: recipe.channels.map((channel) => CHANNEL[channel]).join(' and ') },
    { name: 'Picture', value: `${recipe.image_px} × ${recipe.image_px} px` },
    { name: 'Heatmaps', value: `stride ${recipe.heatmap_stride}, sigma ${recipe.heatmap_sigma} cells` },
    { name: 'Epochs', value: recipe.epochs },
    { name: 'Batch', value: recipe.batch },
    { name: 'Learning rate', value: recipe.learning_rate },
    { name: 'Seed', value: recipe.seed },
    {
      name: 'Augmentation',
      value:
        `mirrored ${percent(recipe.flip_probability)}, turned ±${recipe.rotate_deg}°, ` +
        `shifted ±${percent(recipe.translate_fraction)}, scaled ±${percent(recipe.scale_fraction)}`,
    },
  ];
}
