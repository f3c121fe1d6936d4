import { mountPage } from '@/lib/mount';
import Report from './Report.svelte';

mountPage(Report);
