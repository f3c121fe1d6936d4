import { mountPage } from '@/lib/mount';
import Login from './Login.svelte';

mountPage(Login);
