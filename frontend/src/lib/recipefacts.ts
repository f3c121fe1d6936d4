import type { Recipe } from '@/api/jobs';

type Setting = Recipe['settings'][string];

const CHANNEL = { colour: 'colour', depth: 'depth' } as const;
const PRECISION: Record<string, string> = { '32-true': '32 bits', 'bf16-mixed': 'bfloat16, mixed' };

/** A setting's name as people read it: `flip_probability` is "Flip probability", `rotate_deg` has its unit. */
function words(name: string): string {
  const plain = name.replace(/_(px|deg|mm|fraction)$/, '').replaceAll('_', ' ');
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

function shown(name: string, value: Setting): string {
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'string') return value;
  if (name.endsWith('_fraction') || name.endsWith('_probability')) return `${Math.round(value * 100)}\u00a0%`;
  if (name.endsWith('_px')) return `${value}\u00a0px`;
  if (name.endsWith('_deg')) return `±${value}°`;
  if (name.endsWith('_mm')) return `${value}\u00a0mm`;
  return String(value);
}

/** A recipe as names and values: what people ask for first, then every further setting of its kind. */
export function recipeFacts(recipe: Recipe): { name: string; value: string | number }[] {
  return [
    { name: 'Recipe', value: recipe.title },
    { name: 'Network', value: recipe.architecture },
    { name: 'Sees', value: recipe.channels.map((channel) => CHANNEL[channel]).join(' and ') },
    { name: 'Epochs', value: recipe.epochs },
    { name: 'Batch', value: recipe.batch },
    { name: 'Learning rate', value: recipe.learning_rate },
    { name: 'Seed', value: recipe.seed },
    { name: 'Precision', value: PRECISION[recipe.precision] ?? recipe.precision },
    ...Object.entries(recipe.settings).map(([name, value]) => ({
      name: words(name),
      value: shown(name, value),
    })),
  ];
}
