/** Undo and redo of recorded commands over any immutable value. */

export interface Step<Value, Command> {
  readonly command: Command;
  readonly before: Value;
  readonly after: Value;
}

export interface History<Value, Command> {
  readonly value: Value;
  readonly done: readonly Step<Value, Command>[];
  readonly undone: readonly Step<Value, Command>[];
}

const MOST_STEPS = 1000;

export function begun<Value, Command>(value: Value): History<Value, Command> {
  return { value, done: [], undone: [] };
}

/** Records a command and what came of it; a command that changed nothing leaves no step. */
export function recorded<Value, Command>(
  history: History<Value, Command>,
  command: Command,
  after: Value,
): History<Value, Command> {
  if (after === history.value) return history;
  const step = { command, before: history.value, after };
  return { value: after, done: [...history.done, step].slice(-MOST_STEPS), undone: [] };
}

/**
 * Lets the last step end elsewhere (a drag goes on, a key is held down), so that one undo takes back the whole act.
 */
export function extended<Value, Command>(
  history: History<Value, Command>,
  command: Command,
  after: Value,
): History<Value, Command> {
  const last = history.done.at(-1);
  if (last === undefined) return recorded(history, command, after);
  return { value: after, done: [...history.done.slice(0, -1), { ...last, command, after }], undone: [] };
}

export function undone<Value, Command>(history: History<Value, Command>): History<Value, Command> {
  const step = history.done.at(-1);
  if (step === undefined) return history;
  return { value: step.before, done: history.done.slice(0, -1), undone: [step, ...history.undone] };
}

export function redone<Value, Command>(history: History<Value, Command>): History<Value, Command> {
  const [step, ...rest] = history.undone;
  if (step === undefined) return history;
  return { value: step.after, done: [...history.done, step], undone: rest };
}
