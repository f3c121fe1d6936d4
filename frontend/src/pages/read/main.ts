import { mountPage } from '@/lib/mount';
import Read from './Read.svelte';

mountPage(Read);
