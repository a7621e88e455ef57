import type { FeedEvent } from "./feed.ts";
import type { Change, Task } from "./types.ts";

/** A copy of a user's tasks, from the change feed and the responses to writes, in whatever order they arrive. */
export class LocalTasks {
  readonly #latest = new Map<number, Change>();

  get all(): Task[] {
    return [...this.#latest.values()].filter((change) => !isDeletion(change)) as Task[];
  }

  get(id: number): Task | undefined {
    const change = this.#latest.get(id);
    return change && !isDeletion(change) ? (change as Task) : undefined;
  }

  /** Apply a change, unless a later one of the same task is known. */
  take(change: Change): void {
    const known = this.#latest.get(change.id);
    if (!known || known.revision <= change.revision) this.#latest.set(change.id, change);
  }

  apply(event: FeedEvent): void {
    if (event.type === "change") this.take(event.change);
    if (event.type === "reset") this.#latest.clear();
  }
}

function isDeletion(change: Change): boolean {
  return "deleted" in change;
}
