/** Opens labelling cases, and fetches the one after ahead with its pictures, so that it is there when it is asked for. */
import { cases } from '@/api/cases';
import type { LabelCase } from '@/api/types';
import type { Depth } from '@/core/npy';
import { loadDepth, loadRaster, type Raster } from './pictures';

export interface CaseAddress {
  readonly image: string;
  readonly schema: string;
}

export interface CasePictures {
  readonly raster: Raster;
  readonly depth: Depth | null;
}

let ahead: { key: string; case: Promise<LabelCase> } | null = null;

export function addressOf({ image, schema }: CaseAddress): string {
  return `/images/${image}/label/?schema=${encodeURIComponent(schema)}`;
}

/** The case, from what was fetched ahead when it is that one; each is handed out once, for it ages. */
export function openCase(address: CaseAddress): Promise<LabelCase> {
  const key = addressOf(address);
  const found = ahead?.key === key ? ahead.case : cases.label(address.image, address.schema);
  ahead = null;
  return found;
}

/** Fetches a case and its pictures ahead. A failure is not told: opening the case asks again and tells. */
export function preload(address: CaseAddress): void {
  const key = addressOf(address);
  if (ahead?.key === key) return;
  const fetched = cases.label(address.image, address.schema);
  ahead = { key, case: fetched };
  fetched.then(picturesOf).catch(() => {
    if (ahead?.key === key) ahead = null;
  });
}

/** The queue has changed: what was fetched ahead no longer says what comes next. Its pictures stay. */
export function forgetAhead(): void {
  ahead = null;
}

export async function picturesOf(shown: LabelCase): Promise<CasePictures> {
  const depthUrl = shown.depth?.urls.depth;
  const [raster, depth] = await Promise.all([
    loadRaster(shown.image.urls.view),
    depthUrl ? loadDepth(depthUrl) : Promise.resolve(null),
  ]);
  return { raster, depth };
}
