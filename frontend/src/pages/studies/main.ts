import { mountPage } from '@/lib/mount';
import Studies from './Studies.svelte';

mountPage(Studies);
