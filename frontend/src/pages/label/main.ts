import { mountPage } from '@/lib/mount';
import Label from './Label.svelte';

mountPage(Label);
