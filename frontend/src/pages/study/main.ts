import { mountPage } from '@/lib/mount';
import Study from './Study.svelte';

mountPage(Study);
