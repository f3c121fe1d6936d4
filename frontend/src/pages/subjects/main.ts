import { mountPage } from '@/lib/mount';
import Subjects from './Subjects.svelte';

mountPage(Subjects);
