import { mountPage } from '@/lib/mount';
import TrainingJob from './TrainingJob.svelte';

mountPage(TrainingJob);
