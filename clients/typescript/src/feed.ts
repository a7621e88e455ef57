import { createParser, type EventSourceMessage } from "eventsource-parser";

import { ApiProblem, UnusableToken } from "./errors.ts";
import { pause } from "./retries.ts";
import type { Change } from "./types.ts";

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 15_000;
/** Three heartbeats: a stream that is silent for longer is broken. */
const SILENCE_MS = 45_000;

/**
 * An event for a reader of the change feed:
 *
 * - `change`: the present state of a task or project, or its deletion
 * - `current`: everything so far was read; the following changes come as they happen
 * - `lost`: the feed can't be read now; the client tries again automatically
 * - `reset`: changes may have been missed; forget all tasks and projects, since all are sent again
 */
export type FeedEvent =
  | { type: "change"; change: Change }
  | { type: "current" }
  | { type: "lost"; error: unknown }
  | { type: "reset" };

interface Page {
  changes: Change[];
  next: string;
  has_more: boolean;
}

/** Read the feed page by page until it is current, then live; repeat this after every interruption. */
export async function* follow(
  read: (since: string | undefined) => Promise<Page>,
  open: (since: string, signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | null | undefined>,
  signal: AbortSignal,
): AsyncGenerator<FeedEvent> {
  let since: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      let page: Page;
      do {
        page = await read(since);
        for (const change of page.changes) yield { type: "change", change };
        since = page.next;
      } while (page.has_more);
      yield { type: "current" };
      failures = 0;
      for await (const event of live(since, open, signal)) {
        yield { type: "change", change: JSON.parse(event.data) as Change };
        since = event.id;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiProblem && error.problem.status === 410) {
        since = undefined;
        yield { type: "reset" };
        continue;
      }
      if (isFinal(error)) throw error;
      failures += 1;
      yield { type: "lost", error };
    }
    const delay = Math.min(FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1), LONGEST_DELAY_MS);
    await pauseUnlessOnline(delay * (0.5 + Math.random() / 2), signal);
  }
}

/** Whether the next attempt would fail too: the API refuses the request, or the token is unusable. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof ApiProblem)) return error instanceof UnusableToken;
  const { status, error_code } = error.problem;
  return status < 500 && status !== 429 && error_code !== "UNNAMED";
}

/** Yield the events of one stream until it ends; throw when it is silent or the browser is offline. */
async function* live(
  since: string,
  open: (since: string, signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | null | undefined>,
  signal: AbortSignal,
): AsyncGenerator<EventSourceMessage> {
  const dead = new AbortController();
  const silence = () => setTimeout(() => dead.abort(new Error("the stream is silent")), SILENCE_MS);
  let timer = silence();
  heard("offline", dead.signal).then(() => dead.abort(new Error("the browser is offline")));
  const events: EventSourceMessage[] = [];
  const decoder = new TextDecoder();
  const parser = createParser({ onEvent: (event) => events.push(event) });
  try {
    const body = await open(since, AbortSignal.any([signal, dead.signal]));
    const reader = body?.getReader();
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
      clearTimeout(timer);
      timer = silence();
      parser.feed(decoder.decode(chunk.value, { stream: true }));
      yield* events.splice(0);
    }
  } finally {
    clearTimeout(timer);
    dead.abort();
  }
}

/** Wait, at most until the browser is online again. */
async function pauseUnlessOnline(milliseconds: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const waiting = pause(milliseconds, AbortSignal.any([signal, over.signal]));
  await Promise.race([waiting, heard("online", over.signal)]).catch(() => undefined);
  over.abort();
}

/** Resolve at the next such event. Only browsers have these events. */
function heard(event: "online" | "offline", signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    globalThis.addEventListener?.(event, () => resolve(), { once: true, signal });
  });
}
