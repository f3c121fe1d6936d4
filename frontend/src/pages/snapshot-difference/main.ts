import { mountPage } from '@/lib/mount';
import SnapshotDifference from './SnapshotDifference.svelte';

mountPage(SnapshotDifference);
