import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import DataTable from './DataTable.svelte';

interface Row {
  id: string;
  name: string;
}
const rows: Row[] = ['Ada', 'Ben', 'Cleo'].map((name) => ({ id: name.toLowerCase(), name }));
const columns = [
  { key: 'name', title: 'Name', sort: 'name', link: true },
  { key: 'more', title: 'More' },
];
const cell = createRawSnippet<[Row, string]>((row, key) => ({
  render: () => `<span>${key() === 'name' ? row().name : '…'}</span>`,
}));
const props = {
  caption: 'People',
  columns,
  rows,
  cell,
  href: (row: Row) => `/people/${row.id}/`,
  name: (row: Row) => row.name,
};

const Table = DataTable<Row>;

afterEach(cleanup);

const link = (name: string) => screen.getByRole('link', { name });

describe('the keyboard', () => {
  it('moves over rows by arrows; Enter is the link’s own', async () => {
    render(Table, { props });
    link('Ada').focus();
    await fireEvent.keyDown(link('Ada'), { key: 'ArrowDown' });
    expect(document.activeElement).toBe(link('Ben'));
    expect(link('Ben').getAttribute('href')).toBe('/people/ben/');
    await fireEvent.keyDown(link('Ben'), { key: 'End' });
    expect(document.activeElement).toBe(link('Cleo'));
    await fireEvent.keyDown(link('Cleo'), { key: 'ArrowDown' });
    expect(document.activeElement).toBe(link('Cleo'));
  });

  it('has one stop for the Tab key, where one last was', async () => {
    render(Table, { props });
    link('Ada').focus();
    await fireEvent.keyDown(link('Ada'), { key: 'ArrowDown' });
    expect(screen.getAllByRole('link').map((each) => each.tabIndex)).toEqual([-1, 0, -1]);
  });

  it('leads from nowhere into the list', async () => {
    render(Table, { props });
    await fireEvent.keyDown(document.body, { key: 'ArrowDown' });
    expect(document.activeElement).toBe(link('Ada'));
  });

  it('chooses with Space, and row after row with Shift', async () => {
    render(Table, { props: { ...props, selected: [] } });
    const box = (name: string) => screen.getByRole<HTMLInputElement>('checkbox', { name: `Select ${name}` });
    link('Ada').focus();
    await fireEvent.keyDown(link('Ada'), { key: ' ' });
    expect(box('Ada').checked).toBe(true);
    await fireEvent.keyDown(link('Ada'), { key: 'ArrowDown', shiftKey: true });
    expect([box('Ada'), box('Ben'), box('Cleo')].map((each) => each.checked)).toEqual([true, true, false]);
  });
});

describe('the header', () => {
  it('sorts, and says how it is sorted', async () => {
    const onorder = vi.fn();
    render(Table, { props: { ...props, ordering: 'name', onorder } });
    expect(screen.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('ascending');
    await fireEvent.click(screen.getByRole('button', { name: 'Name' }));
    expect(onorder).toHaveBeenCalledWith('-name');
  });

  it('takes and leaves the whole page', async () => {
    render(Table, { props: { ...props, selected: ['ben'] } });
    const all = screen.getByRole<HTMLInputElement>('checkbox', { name: 'Select all on this page' });
    expect(all.indeterminate).toBe(true);
    await fireEvent.click(all);
    expect(screen.getAllByRole<HTMLInputElement>('checkbox').every((box) => box.checked)).toBe(true);
  });
});

it('shows that it waits only while there is nothing else to show', async () => {
  const { rerender, container } = render(Table, { props: { ...props, rows: [], loading: true } });
  expect(container.querySelectorAll('.skeleton').length).toBeGreaterThan(0);
  await rerender({ ...props, loading: true });
  expect(container.querySelectorAll('.skeleton').length).toBe(0);
  expect(screen.getAllByRole('link')).toHaveLength(3);
});
