import { call } from './client';
import type { Reference } from './types';

export interface Target {
  id: string;
  pseudonym: string;
  study: string | null;
}

/** An agent as the server last heard of it. */
export interface CaptureAgent {
  id: string;
  name: string;
  project: Reference;
  online: boolean;
  heard_at: string | null;
  source: string;
  host: string;
  agent_version: string;
  camera_state: string;
  camera_says: string;
  serial: string;
  firmware: string;
  fps: number | null;
  dropped: number | null;
  warm_s: number | null;
  spool_shots: number;
  spool_bytes: number;
  free_bytes: number | null;
  target: Target | null;
  last_shot_at: string | null;
  shots_count: number;
  /** Where its camera drifts. */
  warnings: string[];
  may_capture: boolean;
  may_manage: boolean;
}

export interface ShotQuality {
  frames: number | null;
  noise_median_mm: number | null;
  noise_p95_mm: number | null;
  holes_fraction: number | null;
  sway_mm: number | null;
  distance_median_mm: number | null;
}

export interface CaptureShot {
  id: string;
  subject: { id: string; pseudonym: string };
  taken_at: string | null;
  stored: boolean;
  problem: string;
  study: string | null;
  acquisition: string | null;
  image: string | null;
  thumbnail: string | null;
  noise: string | null;
  put_aside: boolean;
  quality: ShotQuality | null;
}

export interface CheckTrend {
  key: string;
  title: string;
  unit: string;
  points: { measured_at: string | null; value: number }[];
  was: number | null;
  now: number | null;
  drift: number;
  most: number;
  warning: string;
}

export interface DeviceChecks {
  serial: string;
  count: number;
  cold: number;
  last_at: string | null;
  trends: CheckTrend[];
}

export const agents = {
  list: () => call<CaptureAgent[]>('get', '/capture/agents'),
  shots: (agent: string) => call<CaptureShot[]>('get', '/capture/agents/{agent}/shots', { path: { agent } }),
  checks: (agent: string) => call<DeviceChecks>('get', '/capture/agents/{agent}/checks', { path: { agent } }),
};
