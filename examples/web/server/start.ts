import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startApi } from "./api.ts";
import { createAuth } from "./auth.ts";
import { createSite } from "./site.ts";

const host = "127.0.0.1";
const port = process.env.PORT ?? "3000";
const apiPort = process.env.API_PORT ?? "8000";
const url = `http://${host}:${port}`;
const apiUrl = `http://${host}:${apiPort}`;

const site = createSite(createAuth(url), apiUrl).listen(Number(port), host);
await once(site, "listening");
const directory = await mkdtemp(join(tmpdir(), "todo-web-"));
try {
  const api = await startApi(directory, { PORT: apiPort, BETTER_AUTH_URL: url, CORS_ORIGINS: url });
  console.log(
    `Sign up at ${url}. The API's documentation is at ${apiUrl}/docs. Ctrl-C stops everything and deletes the data.`,
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => api.process.kill(signal));
  await once(api.process, "exit");
} finally {
  site.close();
  site.closeAllConnections();
  await rm(directory, { recursive: true });
}
