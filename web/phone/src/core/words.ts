// SPDX-License-Identifier: Apache-2.0
// What went wrong, for the person at the phone: what happened and what to do, without codes. Pure.

// Of a call that ended with a final response (RFC 3261 21).
export function wordsForCall(status: number, reason: string): string {
  const known = callWords.get(status);
  if (known) return known;
  if (status >= 500 && status < 600) return "The server could not carry the call. Try again in a moment.";
  if (status >= 600) return "The call was declined.";
  return reason ? `The call was refused: ${reason}.` : "The call was refused.";
}

const callWords: ReadonlyMap<number, string> = new Map([
  [401, "The server does not accept your sign-in for this call. Sign out and in again."],
  [403, "The server does not allow this call."],
  [404, "There is nobody with this address."],
  [407, "The server does not accept your sign-in for this call. Sign out and in again."],
  [408, "Nobody answered."],
  [410, "This address does not exist any more."],
  [429, "Too many calls in a short time. Wait a moment."],
  [480, "Not reachable at the moment."],
  [484, "This number is incomplete."],
  [486, "Busy."],
  [487, "Nobody answered."],
  [488, "The other side does not accept a protected call from a browser."],
  [600, "Busy."],
  [603, "The call was declined."],
  [604, "There is nobody with this address."],
  [606, "The other side does not accept a protected call from a browser."],
]);

export function wordsForSignIn(status: number): string {
  switch (status) {
    case 401:
    case 407:
      return "The server does not accept this user, password or token.";
    case 403:
      return "The server knows who you are but does not let this address register.";
    case 404:
      return "The server does not serve this address.";
    case 423:
      return "The server wants longer registrations than this phone asks for.";
    case 429:
    case 503:
      return "The server is busy or has seen too many attempts. Wait a moment.";
    default:
      return `The server refused to register this phone (${status}).`;
  }
}

export const words = {
  notReached: "The server can not be reached. Check your network; if the browser has warned about this site's certificate, it is not trusted here: tell whoever runs the server.",
  lost: "The connection to the server is gone. The phone dials again by itself.",
  noLogin: "The server offers no way to sign in that this phone considers safe (only old MD5 passwords, or a token where you gave a password).",
  notTheServer: "The server could not prove that it knows your password. It may not be the server it seems to be: do not go on, tell whoever runs it.",
  notAnAddress: "This is no address or number that can be called.",
  notOwnAddress: "This is no SIP address. It looks like name@example.org.",
  noAnswer: "Nobody answered.",
  cancelled: "The caller hung up before you answered.",
  mediaFailed: "The voice connection could not be made. A firewall may be in the way.",
  notProtected: "The other side offered a call without encryption. It was not taken.",
} as const;

// Of getUserMedia (W3C Media Capture and Streams 10): the `name` of its DOMException.
export function wordsForMicrophone(name: string): string {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The browser does not let this page use the microphone. Allow it in the browser's site settings and call again.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "There is no microphone, or the chosen one is unplugged.";
    case "NotReadableError":
    case "AbortError":
      return "The microphone is in use by another program, or does not answer.";
    default:
      return "The microphone can not be used.";
  }
}
