import { mountPage } from '@/lib/mount';
import Help from './Help.svelte';

mountPage(Help);
