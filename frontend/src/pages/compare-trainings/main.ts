import { mountPage } from '@/lib/mount';
import CompareTrainings from './CompareTrainings.svelte';

mountPage(CompareTrainings);
