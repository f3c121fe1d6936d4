/** What an admin's first page says of trainings: how many failed, and how far those that run are. */
import { trainingJobs, type TrainingJob } from '@/api/jobs';
import { dayBefore } from './recent';

const MOST_SHOWN = 5;
const RECENT_DAYS = 7;

export class AdminJobs {
  /** How many trainings failed in the last days: an old failure waits for nobody. */
  failed = $state(0);
  running = $state.raw<readonly TrainingJob[]>([]);

  private readonly since = dayBefore(RECENT_DAYS);

  /** `trainings failed in the last 7 days`, to stand after the number. */
  get failedTitle(): string {
    return `${this.failed === 1 ? 'training' : 'trainings'} failed in the last ${RECENT_DAYS} days`;
  }

  /** The list of just these. */
  get failedUrl(): string {
    return `/training/?state=failed&finished_from=${this.since}`;
  }

  /** A failure is not told: the page is whole without them, and the next hint asks again. */
  async load(): Promise<void> {
    try {
      const [failed, running] = await Promise.all([
        trainingJobs.list({ state: 'failed', finished_from: this.since, page_size: 1 }),
        trainingJobs.list({ state: 'running', page_size: MOST_SHOWN }),
      ]);
      this.failed = failed.count;
      this.running = running.results;
    } catch {
      this.running = [];
    }
  }
}
