/** What people said of the image on screen, and what one is about to say. */
import { remarks as server } from '@/api/cases';
import type { LabelCase, Remark, RemarkKind } from '@/api/types';

export interface Draft {
  readonly kind: RemarkKind;
  /** The landmark a comment is pinned to. */
  readonly point: string | null;
}

export class Remarks {
  /** What stands first, then what is settled. */
  list = $state.raw<readonly Remark[]>([]);
  draft = $state.raw<Draft | null>(null);
  isBusy = $state(false);
  readonly standing = $derived(this.list.filter(({ settled_at }) => settled_at === null));
  readonly putAside = $derived(this.standing.find(({ kind }) => kind === 'skip') ?? null);
  private image = '';
  private schema = '';

  open(shown: LabelCase): void {
    this.list = shown.remarks;
    this.draft = null;
    this.image = shown.image.id;
    this.schema = shown.schema.name;
  }

  begin(kind: RemarkKind, point: string | null = null): void {
    this.draft = { kind, point: kind === 'skip' ? null : point };
  }

  cancel(): void {
    this.draft = null;
  }

  /** Sends the draft with this text. Rejects where the server did not take it; the draft stays. */
  async say(text: string): Promise<Remark | null> {
    const { draft, image, schema } = this;
    if (draft === null || this.isBusy) return null;
    const pin = draft.point === null ? {} : { schema, point: draft.point };
    return this.during(async () => {
      const said = await server.say(image, { kind: draft.kind, text: text.trim(), ...pin });
      if (this.image === image) {
        this.list = [said, ...this.list];
        this.draft = null;
      }
      return said;
    });
  }

  /** Strikes a remark off. Rejects where the server did not take it. */
  async settle(remark: Remark): Promise<void> {
    if (this.isBusy) return;
    const { image } = this;
    await this.during(async () => {
      const settled = await server.settle(remark.id);
      if (this.image === image) {
        this.list = [...this.list.filter(({ id }) => id !== remark.id), settled];
      }
    });
  }

  private async during<Result>(act: () => Promise<Result>): Promise<Result> {
    this.isBusy = true;
    try {
      return await act();
    } finally {
      this.isBusy = false;
    }
  }
}
