/** How pixels made by a model are marked, everywhere they appear. */
export const SYNTHETIC = 'Synthetic: made by a model, not an X-ray';
export const PARTLY_SYNTHETIC = 'Partly synthetic: mixed with a picture made by a model';
