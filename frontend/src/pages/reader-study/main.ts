import { mountPage } from '@/lib/mount';
import ReaderStudy from './ReaderStudy.svelte';

mountPage(ReaderStudy);
