/** The one store of the labelling page: the case, its points, what is selected, undo, and the way to the server. */
import type { LabelCase, LandmarkSet } from '@/api/types';
import { begun, extended, recorded, redone, undone, type History } from '@/core/history';
import {
  applied,
  describe,
  find,
  isLocated,
  located,
  nextToPlace,
  shownSchema,
  spoken,
  together,
  vertebraOf,
  vertebraeOf,
  type Command,
  type Origin,
  type PointState,
  type Points,
  type Schema,
} from '@/core/landmarks';
import { extraLevels, isExtra, wantedExtras, withLevels } from '@/core/atypical';
import { alignmentCrop } from '@/core/alignment';
import { mirroredFrame, surfaceFrame } from '@/core/framing';
import type { Depth } from '@/core/npy';
import { within, type Spot } from '@/core/viewport';
import { authorName, ghosts, originOf, takenWith, takenWithAll } from '@/core/others';
import { warningsFor } from '@/core/warnings';
import { DepthDisplay, RasterDisplay } from './display.svelte';
import { Oddities } from './oddities.svelte';
import { Others } from './others.svelte';
import { Remarks } from './remarks.svelte';
import type { Raster } from './pictures';
import type { Save, Saves } from './saves.svelte';
import { ViewLink } from './viewlink.svelte';

interface Drag {
  readonly name: string;
  readonly command: Command | null;
  readonly points: Points;
  /** The press placed the point too: placing and dragging are one step. */
  readonly isPlacing: boolean;
}

export class Labelling {
  case = $state.raw() as LabelCase;
  save = $state.raw() as Save;
  /** What the keys act on. */
  selected = $state<string | null>(null);
  /** What the next click places. */
  armed = $state<string | null>(null);
  /** An earlier revision of this set, drawn behind it. */
  earlier = $state.raw<LandmarkSet | null>(null);
  /** The last act, for the status line and screen readers. */
  said = $state('');
  readonly link = new ViewLink();
  readonly raster = new RasterDisplay();
  readonly depth = new DepthDisplay();
  readonly others = new Others();
  readonly remarks = new Remarks();
  private history = $state.raw<History<Points, Command>>(begun([]));
  private drag = $state.raw<Drag | null>(null);
  /** What the points began from that were on their way when the case was opened. */
  private origin: Origin | null = null;
  private isJustPlaced = false;
  private lastAct = { what: '', at_ms: 0 };

  readonly mirrored = $derived(this.case.image.display_flip);
  readonly points = $derived(this.drag?.points ?? this.history.value);
  /** Extra vertebrae that were added, or had a corner, since the case was opened. */
  private added = $state.raw<readonly string[]>([]);
  /** All extra vertebrae there are; as text, so that a point that moves leaves the schema as it is. */
  private readonly extras = $derived(wantedExtras(this.case.schema, this.points, this.added).join());
  /** Every point that a command may name. */
  private readonly whole = $derived(withLevels(this.case.schema, extraLevels(this.case.schema)));
  readonly schema = $derived<Schema>(
    shownSchema(withLevels(this.case.schema, listed(this.extras)), this.mirrored),
  );
  readonly done = $derived(this.points.length);
  readonly total = $derived(this.schema.points.length);
  private readonly atOnce = $derived(warningsFor(this.schema, this.points, this.mirrored, this.depth.depth));
  readonly oddities = new Oddities();
  readonly warnings = $derived([...this.atOnce, ...this.oddities.warnings(this.points, this.atOnce)]);
  readonly warned = $derived(this.warnings.flatMap(({ names }) => names));
  /** What networks see of a film on which C7 and the sacrum are placed. */
  readonly crop = $derived.by(() => {
    const [c7, sacrum] = [located(this.points, 'C7'), located(this.points, 'sacrum')];
    return this.case.schema.target === 'radiograph' && c7 && sacrum ? alignmentCrop(c7, sacrum) : null;
  });
  /** The other version while there are two. */
  readonly theirs = $derived(this.save.status.phase === 'conflict' ? this.save.status.theirs.points : []);
  /** Points of the other set that are drawn behind. */
  readonly ghosts = $derived(ghosts(this.points, this.others.drawn?.points ?? []));
  /** How many points of the other set accepting all would take. */
  readonly acceptable = $derived(takenWithAll(this.history.value, this.others.set?.points ?? []).length);
  /** How many points the server does not have yet. */
  readonly waiting = $derived(
    this.history.value && this.save.status.phase !== 'saved' ? this.save.saver.waiting : 0,
  );
  readonly undoes = $derived(this.history.done.at(-1)?.command);
  readonly redoes = $derived(this.history.undone[0]?.command);

  constructor(
    first: LabelCase,
    private readonly saves: Saves,
  ) {
    this.open(first);
  }

  /** Shows a case: its own points, or those of it that are still on their way. */
  open(next: LabelCase): void {
    this.case = next;
    this.link.reset();
    this.save = this.saves.open(next.set);
    const pending = this.save.isSettled ? null : this.save.saver.content;
    this.history = begun(pending ?? next.set.points);
    this.origin = pending === null ? null : this.save.saver.origin;
    this.others.open(next.others);
    this.remarks.open(next);
    this.earlier = null;
    this.drag = null;
    this.added = [];
    this.select(null);
    this.armed = nextToPlace(this.schema, this.history.value);
    this.said = '';
  }

  /** Asks, once all is saved, which vertebrae look odd. Rejects where the server cannot say. */
  async askForOddities(): Promise<void> {
    if (this.save.isSettled) await this.oddities.ask(this.case, this.history.value);
  }

  /** Shows the pictures of the case, and of them first the back. */
  show(raster: Raster | null, depth: Depth | null): void {
    // Of a film, and stays from film to film; on a colour picture there would be no way to end it.
    if (this.case.schema.target !== 'radiograph') this.raster.clip = 0;
    this.raster.show(raster);
    this.depth.show(depth, this.case.depth?.camera ?? null);
    if (depth === null || this.link.view !== null) return;
    const frame = surfaceFrame(depth, this.depth.window);
    this.link.frame = this.mirrored ? mirroredFrame(frame) : frame;
  }

  /** Points that a closed page left for this case. */
  restore(points: Points): void {
    this.history = begun(points);
    this.origin = this.save.saver.origin;
    this.armed = nextToPlace(this.schema, points);
    this.said = 'Points that were not saved last time are back.';
  }

  act(command: Command, joined = false): void {
    if (!this.case.may_save) {
      this.said = 'Your role here may look, not label.';
      return;
    }
    const after = applied(this.whole, this.history.value, command);
    if (after === this.history.value) return;
    // A vertebra whose last corner goes is still asked for.
    this.added = listed(this.extras);
    this.history = joined ? extended(this.history, command, after) : recorded(this.history, command, after);
    this.said = `Last: ${describe(command, this.mirrored)}.`;
    this.changed();
  }

  place(spot: Spot): void {
    const name = this.armed;
    if (name === null || !this.case.may_save) return;
    this.act({ do: 'place', name, ...within(this.case.image, spot) });
    this.selected = name;
    this.isJustPlaced = true;
  }

  select(name: string | null): void {
    this.selected = name;
    this.isJustPlaced = false;
    if (name !== null && !isLocated(find(this.points, name))) {
      this.armed = name;
      this.selected = null;
    }
  }

  /** The next or previous point of the schema, placed or not. */
  step(by: 1 | -1): void {
    const names = this.schema.points.map(({ name }) => name);
    const from = names.indexOf(this.selected ?? this.armed ?? '');
    const at = from < 0 ? (by > 0 ? 0 : names.length - 1) : (from + by + names.length) % names.length;
    this.select(names[at] ?? null);
  }

  /** Moves the selected point with the keys; a run of such moves is one step of the history. */
  nudge(dx: number, dy: number, whole: boolean): void {
    const name = this.selected;
    const point = name === null ? undefined : located(this.points, name);
    if (name === null || !point) return;
    const names = whole ? together(name) : [name];
    const end = within(this.case.image, { x: point.x + dx, y: point.y + dy });
    const command: Command = { do: 'move', names, dx: end.x - point.x, dy: end.y - point.y };
    this.act(command, this.joins(`nudge ${names.join()}`));
  }

  mark(state: PointState): void {
    const target = state === 'missing' && this.isJustPlaced ? this.armed : (this.selected ?? this.armed);
    if (target === null) return;
    const now = find(this.points, target)?.state;
    if (now === undefined && state !== 'missing') {
      this.said = `Place ${spoken(target, this.mirrored)} first, then say how sure you are.`;
      return;
    }
    if (now === 'missing' && state === 'missing') this.clear([target]);
    else this.act({ do: 'mark', names: [target], state: now === state ? 'placed' : state });
  }

  /** Whether this spine is said to have the vertebra: no corner of it may be missing altogether. */
  hasLevel(level: string): boolean {
    const isAsked = vertebraeOf(this.schema).includes(level);
    return isAsked && !together(`${level}_TL`).every((name) => find(this.points, name)?.state === 'missing');
  }

  /** Adds a vertebra that few people have, or takes one out: a usual one is then missing, an extra one gone. */
  toggleLevel(level: string): void {
    const names = together(`${level}_TL`);
    const hadIt = this.hasLevel(level);
    if (isExtra(this.case.schema, level)) {
      this.act({ do: 'clear', names });
      const others = listed(this.extras).filter((each) => each !== level);
      this.added = hadIt ? others : [...others, level];
    } else {
      this.act(hadIt ? { do: 'mark', names, state: 'missing' } : { do: 'clear', names });
    }
    this.armed = hadIt ? nextToPlace(this.schema, this.points) : (names[0] ?? null);
    this.selected = null;
  }

  /** The whole vertebra of the armed point is not there (an atypical number of vertebrae, a cut film). */
  markVertebraMissing(): void {
    const name = this.armed ?? this.selected;
    if (name !== null && vertebraOf(name) !== null)
      this.act({ do: 'mark', names: together(name), state: 'missing' });
  }

  clear(names: readonly string[] = this.selected === null ? [] : [this.selected]): void {
    const first = names[0];
    if (first === undefined) return;
    this.act({ do: 'clear', names });
    this.selected = null;
    this.armed = first;
  }

  /** Takes over a point of the set drawn behind, and of its vertebra the corners that are still open. */
  accept(name: string): void {
    const set = this.others.drawn;
    if (set === null) return;
    this.take(set, takenWith(this.history.value, set.points, name));
    this.select(name);
  }

  /** Takes over every point that this person has not placed. */
  acceptAll(): void {
    const { set } = this.others;
    if (set !== null) this.take(set, takenWithAll(this.history.value, set.points));
  }

  undo(): void {
    if (this.undoes) this.said = `Undone: ${describe(this.undoes, this.mirrored)}.`;
    const { value: before } = this.history;
    this.history = undone(this.history);
    this.changed();
    // What was taken away is what the next click places again.
    const gone = before.find(({ name }) => find(this.history.value, name) === undefined);
    if (gone) this.select(gone.name);
  }

  redo(): void {
    if (this.redoes) this.said = `Done again: ${describe(this.redoes, this.mirrored)}.`;
    this.history = redone(this.history);
    this.changed();
  }

  /** Their points take the place of mine; an undo brings mine back. */
  takeTheirs(): void {
    const theirs = this.save.saver.takeTheirs();
    if (theirs === null) return;
    const command: Command = { do: 'replace', points: theirs, why: 'take the other version' };
    this.history = recorded(this.history, command, applied(this.whole, this.history.value, command));
    this.rearm();
  }

  /** The earlier revision's points become the newest; an undo brings today's back. */
  restoreEarlier(): void {
    if (this.earlier === null) return;
    const { points, revision } = this.earlier;
    this.act({ do: 'replace', points, why: `restore revision ${revision}` });
    this.earlier = null;
  }

  /** Places the armed point and keeps it in hand: it is saved and left alone once the pointer lets go. */
  beginPlacing(spot: Spot): void {
    const name = this.armed;
    if (name === null || !this.case.may_save) return;
    this.place(spot);
    this.save.saver.hold();
    this.drag = { name, command: null, points: this.history.value, isPlacing: true };
    this.magnify();
  }

  beginDrag(name: string): void {
    this.select(name);
    this.save.saver.hold();
    this.drag = { name, command: null, points: this.history.value, isPlacing: false };
    this.magnify();
  }

  /** The point in hand goes to `to`, alone or with its whole vertebra: nothing is recorded or saved meanwhile. */
  dragTo(to: Spot, whole: boolean): void {
    if (this.drag === null) return;
    const command = this.dragCommand(this.drag.name, to, whole && !this.drag.isPlacing);
    this.drag = { ...this.drag, command, points: applied(this.whole, this.history.value, command) };
    this.magnify();
  }

  endDrag(): void {
    const { drag } = this;
    this.drag = null;
    this.link.held = null;
    if (drag?.command) this.act(drag.command, drag.isPlacing);
    this.save.saver.release();
  }

  cancelDrag(): void {
    const wasPlacing = this.drag?.isPlacing ?? false;
    this.drag = null;
    this.link.held = null;
    if (wasPlacing) this.undo();
    this.save.saver.release();
  }

  private take(set: LandmarkSet, points: Points): void {
    if (set.id === null || points.length === 0) return;
    const from = { set: set.id, revision: set.revision };
    this.act({ do: 'accept', points, author: authorName(set.author), from });
  }

  private magnify(): void {
    const point = this.drag === null ? undefined : located(this.points, this.drag.name);
    if (!point) return;
    const x = point.x / this.case.image.width;
    this.link.held = { x: this.mirrored ? 1 - x : x, y: point.y / this.case.image.height };
  }

  private dragCommand(name: string, to: Spot, whole: boolean): Command {
    const end = within(this.case.image, to);
    const from = located(this.history.value, name);
    if (!whole || !from) return { do: 'place', name, ...end };
    return { do: 'move', names: together(name), dx: end.x - from.x, dy: end.y - from.y };
  }

  /** Whether this act follows the same one within a second and belongs to its step. */
  private joins(what: string): boolean {
    const now = Date.now();
    const joined = this.lastAct.what === what && now - this.lastAct.at_ms < 1000;
    this.lastAct = { what, at_ms: now };
    return joined;
  }

  private changed(): void {
    this.save.saver.change(this.history.value, originOf(this.history) ?? this.origin);
    this.rearm();
  }

  private rearm(): void {
    const { value } = this.history;
    if (this.armed === null || find(value, this.armed) !== undefined) {
      this.armed = nextToPlace(this.schema, value, this.armed ?? undefined);
    }
    if (this.selected !== null && !located(value, this.selected)) this.selected = null;
  }
}

function listed(levels: string): string[] {
  return levels === '' ? [] : levels.split(',');
}
