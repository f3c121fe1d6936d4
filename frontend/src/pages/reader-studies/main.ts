import { mountPage } from '@/lib/mount';
import ReaderStudies from './ReaderStudies.svelte';

mountPage(ReaderStudies);
