// SPDX-License-Identifier: Apache-2.0
import { wordsForCall, words } from "../core/words.ts";

// What JsSIP says when a call ends. `originator`: who ended it; `message`: the response or request that did.
export interface SessionEnd {
  readonly originator: string;
  readonly cause: string;
  readonly message?: { readonly status_code?: number; readonly reason_phrase?: string } | null;
}

// What to tell the person; nothing when the call ended as calls do, or by their own hand.
export function problemOf(end: SessionEnd): string | undefined {
  switch (end.cause) {
    case "Terminated":
      return undefined;
    case "Canceled":
      return end.originator === "remote" ? words.cancelled : undefined;
    case "No Answer":
    case "Expires":
      return words.noAnswer;
    case "Connection Error":
      return words.lost;
    case "Bad Media Description":
    case "WebRTC Error":
      return end.originator === "remote" ? words.notProtected : words.mediaFailed;
    case "RTP Timeout":
      return words.mediaFailed;
  }
  const status = end.message?.status_code;
  if (end.originator === "local") return undefined;
  return status === undefined ? words.noAnswer : wordsForCall(status, end.message?.reason_phrase ?? "");
}
