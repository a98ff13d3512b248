// SPDX-License-Identifier: Apache-2.0
// SIP addresses as people type them.

export interface Address {
  readonly user: string;
  readonly host: string;
}

// What a number may be dressed in, and is dialled without.
const dress = /[\s().\-/]/g;

// `text` as an address: "alice", "sip:alice@example.org", "+49 30 1234". Without a host it is in `domain`.
// Nothing when it is none; `sips:` and parameters are refused, the phone would not honour them.
export function parseAddress(text: string, domain: string): Address | undefined {
  const bare = text.trim().replace(/^sip:/i, "");
  const at = bare.lastIndexOf("@");
  const name = at < 0 ? bare : bare.slice(0, at);
  const host = at < 0 ? domain : bare.slice(at + 1);
  const user = /^[+\d][\d\s().\-/*#]*$/.test(name) ? name.replace(dress, "") : name;
  if (!/^[A-Za-z0-9\-_.!~*'()&=+$,?/%#]+$/.test(user)) return undefined;
  if (!/^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.?(:\d{1,5})?$/.test(host) &&
      !/^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(host)) return undefined;
  return { user: user.replaceAll("#", "%23"), host };
}

export function toUri(address: Address): string {
  return `sip:${address.user}@${address.host}`;
}

// For the eye: without the scheme, and without the domain where it is one's own.
export function shown(uri: string, domain: string): string {
  const bare = uri.replace(/^sips?:/i, "").replace(/[;?].*$/, "");
  return bare.endsWith(`@${domain}`) ? bare.slice(0, -domain.length - 1) : bare;
}
