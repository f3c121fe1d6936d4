import { mountPage } from '@/lib/mount';
import Audit from './Audit.svelte';

mountPage(Audit);
