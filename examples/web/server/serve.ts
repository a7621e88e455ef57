/** Serve Better Auth and the page behind a proxy, with the users in PostgreSQL: deploy/compose.yaml runs this. */

import { getMigrations } from "better-auth/db/migration";
import { Pool } from "pg";

import { createAuth } from "./auth.ts";
import { createSite } from "./site.ts";

const database = new Pool({ connectionString: setting("DATABASE_URL") });
const auth = createAuth(setting("SITE_URL"), undefined, { database, secret: setting("BETTER_AUTH_SECRET") });
await (await getMigrations(auth.options)).runMigrations();
const site = createSite(auth, setting("API_URL")).listen(Number(process.env.PORT ?? "3000"));
process.once("SIGTERM", () => {
  site.close(() => void database.end());
  site.closeIdleConnections();
});

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing`);
  return value;
}
