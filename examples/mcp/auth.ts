import { randomBytes } from "node:crypto";

import { mcp } from "@better-auth/mcp";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { createAuthMiddleware } from "better-auth/api";
import { jwt } from "better-auth/plugins";

const OAUTH_TABLES = ["Client", "AccessToken", "RefreshToken", "Consent", "Resource", "ClientResource"];
const TABLES = ["user", "session", "account", "verification", "jwks", ...OAUTH_TABLES.map((name) => `oauth${name}`)];

/** Users sign in with e-mail and password, and let assistants work with their tasks at `resource`. */
export function createAuth(baseURL: string, resource: string) {
  return betterAuth({
    baseURL,
    secret: randomBytes(32).toString("base64url"),
    database: memoryAdapter(Object.fromEntries(TABLES.map((name) => [name, []]))), // for the tests
    emailAndPassword: { enabled: true },
    plugins: [
      jwt({ jwt: { definePayload: ({ user }) => ({ user_id: user.id, email: user.email }) } }),
      mcp({
        resource,
        loginPage: "/sign-in",
        consentPage: "/consent",
        scopes: ["openid", "profile", "email", "offline_access", "tasks:read", "tasks:write"],
        allowDynamicClientRegistration: true,
        allowUnauthenticatedClientRegistration: true,
      }),
    ],
    hooks: { before: registerAsNative },
  });
}

/** Clients that know only the version 2025-11-25 of the protocol don't say that they run on the user's machine. */
const registerAsNative = createAuthMiddleware(async ({ path, body }) => {
  if (path !== "/oauth2/register" || body.application_type || !body.redirect_uris?.some(isLoopback)) return;
  return { context: { body: { ...body, application_type: "native" } } };
});

function isLoopback(uri: unknown): boolean {
  return /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(String(uri));
}
