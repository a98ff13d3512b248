// SPDX-License-Identifier: Apache-2.0
// config.json: what the server tells every phone before anybody has signed in, hence nothing secret.
// docs/web-phone.md lists the fields. A field this phone does not know is left alone; one of another type is an error.

export interface PhoneConfig {
  readonly domain: string; // of addresses typed without one
  readonly sip: string; // wss:// address
  readonly title: string;
  readonly registrationSeconds: number;
  readonly iceServers: readonly IceServer[];
  readonly relayOnly: boolean; // voice through a TURN server, never directly
}

export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export class ConfigError extends Error {}

interface Origin {
  readonly host: string; // with the port
  readonly hostname: string;
}

type Fields = Readonly<Record<string, unknown>>;

// `parsed`: the JSON value. `origin`: where the page came from, which is where SIP goes unless said otherwise.
export function readConfig(parsed: unknown, origin: Origin): PhoneConfig {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new ConfigError("config.json is no object");
  const fields = parsed as Fields;
  return {
    domain: text(fields, "domain", origin.hostname),
    sip: sipAddress(text(fields, "sip", "/sip"), origin),
    title: text(fields, "title", "Sallyport phone"),
    registrationSeconds: seconds(fields, "registration_seconds", 600),
    iceServers: servers(fields["ice_servers"]),
    relayOnly: flag(fields, "relay_only"),
  };
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== "boolean") throw new ConfigError(`config.json: "${name}" is neither true nor false`);
  return value;
}

function text(fields: Fields, name: string, otherwise: string): string {
  const value = fields[name] ?? otherwise;
  if (typeof value !== "string" || value === "") throw new ConfigError(`config.json: "${name}" is no text`);
  return value;
}

function seconds(fields: Fields, name: string, otherwise: number): number {
  const value = fields[name] ?? otherwise;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 60) throw new ConfigError(`config.json: "${name}" is no number of seconds, at least 60`);
  return value;
}

function sipAddress(value: string, origin: Origin): string {
  if (value.startsWith("/") && !value.startsWith("//")) return `wss://${origin.host}${value}`;
  if (!/^wss:\/\/[^/\s@]+(\/\S*)?$/.test(value)) throw new ConfigError('config.json: "sip" is neither a path nor a wss:// address');
  return value;
}

function servers(value: unknown): readonly IceServer[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new ConfigError('config.json: "ice_servers" is no list');
  return value.map((each: unknown) => {
    const urls = (each as { urls?: unknown } | null)?.urls;
    if (!Array.isArray(urls) || !urls.every((url) => typeof url === "string" && /^(stuns?|turns?):/.test(url))) {
      throw new ConfigError('config.json: an entry of "ice_servers" has no "urls" such as ["stun:stun.example.org"]');
    }
    return { urls: urls as string[] };
  });
}
