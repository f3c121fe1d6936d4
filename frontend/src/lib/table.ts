/** One column of a DataTable; what a cell shows is the table's `cell` snippet. */
export interface Column {
  key: string;
  title: string;
  /** The API's ordering field, where the list can be sorted by it. */
  sort?: string;
  /** Whether the first press sorts from high to low (dates, angles). */
  firstDescending?: boolean;
  /** Its title is only for those who hear the table. */
  quiet?: boolean;
  align?: 'end';
  /** The least width of the window at which this column is shown. */
  from?: 'medium' | 'wide';
  /** The column whose content is the link to the row. */
  link?: boolean;
}
