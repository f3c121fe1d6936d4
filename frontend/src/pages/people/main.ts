import { mountPage } from '@/lib/mount';
import People from './People.svelte';

mountPage(People);
