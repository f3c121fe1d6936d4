/** What an admin's first page says of trainings: how many failed, and how far those that run are. */
import { trainingJobs, type TrainingJob } from '@/api/jobs';

const MOST_SHOWN = 5;

export class AdminJobs {
  failed = $state(0);
  running = $state.raw<readonly TrainingJob[]>([]);

  /** A failure is not told: the page is whole without them, and the next hint asks again. */
  async load(): Promise<void> {
    try {
      const [failed, running] = await Promise.all([
        trainingJobs.list({ state: 'failed', page_size: MOST_SHOWN }),
        trainingJobs.list({ state: 'running', page_size: MOST_SHOWN }),
      ]);
      this.failed = failed.count;
      this.running = running.results;
    } catch {
      this.running = [];
    }
  }
}
