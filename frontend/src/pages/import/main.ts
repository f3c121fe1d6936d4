import { mountPage } from '@/lib/mount';
import Import from './Import.svelte';

mountPage(Import);
