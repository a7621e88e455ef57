import type { components, operations } from "./schema.d.ts";

type Schemas = components["schemas"];

export type Task = Schemas["TaskResponse"];
export type TaskDeletion = Schemas["TaskDeletion"];
export type Change = Task | TaskDeletion;
export type TaskDraft = Schemas["TaskCreate"];
export type TaskPatch = Schemas["TaskPatch"];
export type TaskList = Schemas["TaskListResponse"];
export type TaskQuery = NonNullable<operations["list_tasks"]["parameters"]["query"]>;
export type Operation = Schemas["BatchRequest"]["operations"][number];
export type Problem = Schemas["Problem"];
