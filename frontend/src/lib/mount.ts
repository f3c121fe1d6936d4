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

/**
 * Starts a page: the session for everything below, the first data for the root component. Pages without first data
 * take no props, so the component's type is open.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function mountPage(Root: Component<any>): void {
  const props = readProps<unknown>();
  const target = document.getElementById('app');
  if (target === null) throw new Error('This page has no <div id="app">.');
  session.begin(props.session);
  target.replaceChildren();
  mount(Root, { target, props: { page: props.page } });
}
