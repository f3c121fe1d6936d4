import { mountPage } from '@/lib/mount';
import './print.css';
import Report from './Report.svelte';

mountPage(Report);
