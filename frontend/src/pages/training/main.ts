import { mountPage } from '@/lib/mount';
import Training from './Training.svelte';

mountPage(Training);
