import { mountPage } from '@/lib/mount';
import Agents from './Agents.svelte';

mountPage(Agents);
