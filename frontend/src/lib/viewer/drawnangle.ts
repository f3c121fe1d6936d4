/** An angle as it is drawn on a film. */
import type { Line } from '@/core/spine/geometry';

export interface DrawnAngle {
  readonly key: string;
  /** Stored pixels of the film. */
  readonly upper: Line;
  readonly lower: Line;
  readonly text: string;
  /** live = being drawn, person = measured, model = from a model's points. */
  readonly kind: 'live' | 'person' | 'model';
  /** Steps back while another is pointed at. */
  readonly dim: boolean;
}
