import { mountPage } from '@/lib/mount';
import Capture from './Capture.svelte';

mountPage(Capture);
