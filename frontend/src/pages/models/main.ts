import { mountPage } from '@/lib/mount';
import Models from './Models.svelte';

mountPage(Models);
