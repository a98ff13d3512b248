// SPDX-License-Identifier: Apache-2.0
// `WWW-Authenticate`, `Authorization` and their like: a scheme and its parameters (RFC 7235 2.1, RFC 3261 25.1).

export interface AuthFields {
  readonly scheme: string; // lower case
  readonly params: ReadonlyMap<string, string>; // names in lower case, values without quotes
}

// One challenge or one answer; nothing when the text is neither. The first of two equal names counts for nothing: it is refused.
export function parseAuthFields(value: string): AuthFields | undefined {
  const scheme = /^\s*([A-Za-z0-9-]+)(?:\s+|$)/.exec(value);
  if (!scheme) return undefined;
  const params = new Map<string, string>();
  let rest = value.slice(scheme[0].length);
  while (rest.trim() !== "") {
    const param = /^\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/.exec(rest);
    const name = param?.[1]?.toLowerCase();
    if (!param || !name || params.has(name)) return undefined;
    params.set(name, param[2] === undefined ? param[3]! : param[2].replace(/\\(.)/g, "$1"));
    rest = rest.slice(param[0].length);
  }
  return { scheme: scheme[1]!.toLowerCase(), params };
}

export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
