/**
 * Says when a project's jobs may have changed. The socket only hints; the caller fetches the rows, which are the
 * truth. While the socket is down, or says nothing for long, it hints by the clock, so that nothing is missed.
 */
export interface Hint {
  kind: 'training' | 'inference';
  id: string;
}

const AGAIN_MS = [1000, 2000, 5000, 15_000] as const;
const WITHOUT_SOCKET_MS = 4000;
const ANYWAY_MS = 30_000;
/** Not signed in, not a member: asking again would not help. */
const REFUSED = [4401, 4403];
const AT_MOST_ONCE_MS = 400;

export function socketUrl(project: string, base: Location = location): string {
  const scheme = base.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${base.host}/ws/v1/jobs/?project=${encodeURIComponent(project)}`;
}

/** One hint of the wire, or null for anything else. */
export function hintOf(data: unknown): Hint | null {
  if (typeof data !== 'string') return null;
  try {
    const message = JSON.parse(data) as Partial<Record<'type' | 'kind' | 'id', unknown>> | null;
    if (message?.type !== 'job' || typeof message.id !== 'string') return null;
    return { id: message.id, kind: message.kind === 'inference' ? 'inference' : 'training' };
  } catch {
    return null;
  }
}

/** Calls `changed` when jobs of the projects may have changed; the function it returns ends that. */
export function watchJobs(projects: string[], changed: (hint: Hint | null) => void): () => void {
  let ended = false;
  let open = 0;
  let due: ReturnType<typeof setTimeout> | undefined;
  let last = Date.now();
  const sockets = new Map<string, WebSocket>();
  const retries = new Set<ReturnType<typeof setTimeout>>();

  function tell(hint: Hint | null): void {
    clearTimeout(due);
    due = setTimeout(() => {
      last = Date.now();
      if (!ended) changed(hint);
    }, AT_MOST_ONCE_MS);
  }

  function connect(project: string, failures: number): void {
    const socket = new WebSocket(socketUrl(project));
    sockets.set(project, socket);
    let opened = false;
    socket.onopen = () => {
      opened = true;
      open += 1;
      if (failures > 0) tell(null);
    };
    socket.onmessage = (event) => {
      const hint = hintOf(event.data);
      if (hint) tell(hint);
    };
    socket.onclose = (event) => {
      if (opened) open -= 1;
      if (ended || REFUSED.includes(event.code)) return;
      const next = opened ? 1 : failures + 1;
      const wait = AGAIN_MS[Math.min(next, AGAIN_MS.length) - 1] ?? 1000;
      const retry = setTimeout(() => {
        retries.delete(retry);
        connect(project, next);
      }, wait);
      retries.add(retry);
    };
  }

  for (const project of projects) connect(project, 0);
  const clock = setInterval(() => {
    const limit = open === projects.length && open > 0 ? ANYWAY_MS : WITHOUT_SOCKET_MS;
    if (!document.hidden && Date.now() - last >= limit) tell(null);
  }, WITHOUT_SOCKET_MS);

  return () => {
    ended = true;
    clearTimeout(due);
    clearInterval(clock);
    for (const retry of retries) clearTimeout(retry);
    for (const socket of sockets.values()) socket.close();
  };
}
