import type { components, operations } from "./schema.ts";

type Schemas = components["schemas"];

export type Task = Schemas["TaskResponse"];
export type Project = Schemas["ProjectResponse"];
export type Deletion = Schemas["DeletedChange"];
export type Change = Schemas["ChangesResponse"]["changes"][number];
export type AccessToken = Schemas["AccessTokenResponse"];
export type AccessTokenDraft = Schemas["AccessTokenCreate"];
/** An access token with its secret. */
export type NewAccessToken = Schemas["AccessTokenCreated"];
export type ImportFormat = NonNullable<NonNullable<operations["import_tasks"]["parameters"]["query"]>["format"]>;
export type ImportReport = Schemas["ImportResponse"];
export type ExportFormat = NonNullable<NonNullable<operations["export_content"]["parameters"]["query"]>["format"]>;
/** What a reader of the feed requests. */
export type Kinds = "task" | "project" | "task,project";
export type ProjectDraft = Schemas["ProjectCreate"];
export type ProjectPatch = Schemas["ProjectPatch"];
export type TaskDraft = Schemas["TaskCreate"];
export type TaskReplacement = Schemas["TaskUpdate"];
export type TaskPatch = Schemas["TaskPatch"];
export type Priority = Schemas["Priority"];
export type Sort = Schemas["Sort"];
export type TaskList = Schemas["TaskListResponse"];
export type TaskQuery = NonNullable<operations["list_tasks"]["parameters"]["query"]>;
export type TrashedTask = Schemas["TrashedTaskResponse"];
export type TrashedProject = Schemas["TrashedProjectResponse"];
export type Trash = Schemas["TrashResponse"];
export type TrashQuery = NonNullable<operations["list_trash"]["parameters"]["query"]>;
export type Operation = Schemas["BatchRequest"]["operations"][number];
/** The API's code of an error; UNNAMED is a response that is not the API's own, such as that of a proxy. */
export type ErrorCode = Schemas["Problem"]["error_code"] | "UNNAMED";
export type Problem = Omit<Schemas["Problem"], "error_code"> & { error_code: ErrorCode };
