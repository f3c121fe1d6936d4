/** What a length in millimetres rests on; shown wherever one is. */
export const CALIBRATION: Record<string, string> = {
  calibrated: 'calibrated',
  imager: 'at the imager plane, magnified',
  known_length: 'from a known length',
  none: 'no scale: pixels only',
};
