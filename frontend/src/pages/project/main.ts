import { mountPage } from '@/lib/mount';
import Project from './Project.svelte';

mountPage(Project);
