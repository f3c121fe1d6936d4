import { mountPage } from '@/lib/mount';
import Snapshot from './Snapshot.svelte';

mountPage(Snapshot);
