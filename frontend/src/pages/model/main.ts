import { mountPage } from '@/lib/mount';
import Model from './Model.svelte';

mountPage(Model);
