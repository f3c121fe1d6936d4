import { mountPage } from '@/lib/mount';
import ReadBlinded from './ReadBlinded.svelte';

mountPage(ReadBlinded);
