import type { FeedEvent } from "./feed.ts";
import type { Change, Deletion, Project, Task } from "./types.ts";

/** A copy of a user's tasks and projects, from the feed and the responses to writes, in whatever order they arrive. */
export class LocalTasks {
  readonly #tasks = new Map<number, Task | Deletion>();
  readonly #projects = new Map<number, Project | Deletion>();

  get all(): Task[] {
    return present(this.#tasks);
  }

  /** The projects, if the feed was read with them. A task can arrive before its project. */
  get projects(): Project[] {
    return present(this.#projects);
  }

  /** The tasks in a project; those of null are in none that is known. */
  in(project: number | null): Task[] {
    const known = new Set(this.projects.map(({ id }) => id));
    return this.all.filter(({ project_id: id }) => (id !== null && known.has(id) ? id : null) === project);
  }

  get(id: number): Task | undefined {
    const change = this.#tasks.get(id);
    return change && !isDeletion(change) ? change : undefined;
  }

  /** Apply a change, or the response to a write, unless a later one of the same task or project is known. */
  take(change: Change | Task | Project): void {
    const latest: Map<number, { revision: number }> = isOfProject(change) ? this.#projects : this.#tasks;
    const known = latest.get(change.id);
    if (!known || known.revision <= change.revision) latest.set(change.id, change);
  }

  apply(event: FeedEvent): void {
    if (event.type === "change") this.take(event.change);
    if (event.type === "reset") {
      this.#tasks.clear();
      this.#projects.clear();
    }
  }
}

function present<Item extends { revision: number }>(latest: Map<number, Item | Deletion>): Item[] {
  return [...latest.values()].filter((change): change is Item => !isDeletion(change));
}

/** Whether it is about a project. The response to a write has no `kind`, and only projects have a name. */
function isOfProject(change: Change | Task | Project): boolean {
  return "kind" in change ? change.kind === "project" : "name" in change;
}

function isDeletion(change: object): change is Deletion {
  return "deleted" in change;
}
