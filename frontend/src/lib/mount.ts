import '@/styles/base.css';
import { mount, type Component } from 'svelte';
import type { PageProps } from '@/api/types';
import { session } from '@/stores/session.svelte';

/** The props that Django wrote into the page as JSON. */
export function readProps<Data>(root: Document = document): PageProps<Data> {
  const element = root.getElementById('props');
  if (element === null)
    throw new Error('This page has no <script id="props">: annotation/templates/page.html writes it.');
  return JSON.parse(element.textContent ?? '') as PageProps<Data>;
}

/** Starts a page: the session for everything below, the first data for the root component. */
export function mountPage<Data>(Root: Component<{ page: Data }>): void {
  const props = readProps<Data>();
  const target = document.getElementById('app');
  if (target === null) throw new Error('This page has no <div id="app">.');
  session.begin(props.session);
  target.replaceChildren();
  mount(Root, { target, props: { page: props.page } });
}
