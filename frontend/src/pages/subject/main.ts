import { mountPage } from '@/lib/mount';
import Subject from './Subject.svelte';

mountPage(Subject);
