// SPDX-License-Identifier: Apache-2.0
// What the server tells a phone that has registered and asked: its TURN servers, with credentials for a while. A
// document of another form is none: a phone that needs no relay calls without it.
import type { IceServer } from "./config.ts";

export const relaysType = "application/vnd.sallyport.ice-servers+json";

export function readRelays(contentType: string | undefined, body: string | null | undefined): readonly IceServer[] {
  if (contentType !== relaysType || !body) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return [];
  }
  const servers = (parsed as { ice_servers?: unknown } | null)?.ice_servers;
  return Array.isArray(servers) ? servers.filter(isRelay) : [];
}

function isRelay(each: unknown): each is IceServer {
  const { urls, username, credential } = (each ?? {}) as Partial<Record<keyof IceServer, unknown>>;
  return Array.isArray(urls) && urls.length > 0 && urls.every((url) => typeof url === "string" && /^turns?:/.test(url)) &&
    typeof username === "string" && typeof credential === "string";
}
