// SPDX-License-Identifier: Apache-2.0
// One call as the person at the phone sees it. A pure state machine: state and event in, state out; whoever
// owns the real call (sip/) reports events, whoever draws (view/) reads states. One call at a time.

export type Hold = "none" | "here" | "there" | "both";

export type CallState =
  | { readonly phase: "idle"; readonly ended?: Ending }
  | { readonly phase: "calling" | "ringing" | "incoming" | "answering"; readonly peer: string }
  | { readonly phase: "active"; readonly peer: string; readonly since: number; readonly muted: boolean; readonly hold: Hold };

// How the last call ended; `problem` is what to tell the person, nothing when a call ended as calls do.
export interface Ending {
  readonly peer: string;
  readonly problem?: string;
}

export type Side = "here" | "there";

export type CallEvent =
  | { readonly type: "dialled"; readonly peer: string }
  | { readonly type: "ringing" }
  | { readonly type: "offered"; readonly peer: string }
  | { readonly type: "answering" }
  | { readonly type: "established"; readonly at: number }
  | { readonly type: "muted" | "unmuted" }
  | { readonly type: "held" | "resumed"; readonly by: Side }
  | { readonly type: "ended"; readonly problem?: string };

export const noCall: CallState = { phase: "idle" };

// The state after `event`. An event that does not fit the state changes nothing.
export function afterCallEvent(state: CallState, event: CallEvent): CallState {
  switch (state.phase) {
    case "idle":
      return fromIdle(state, event);
    case "active":
      return fromActive(state, event);
    default:
      return fromPending(state, event);
  }
}

function fromIdle(state: CallState, event: CallEvent): CallState {
  switch (event.type) {
    case "dialled":
      return { phase: "calling", peer: event.peer };
    case "offered":
      return { phase: "incoming", peer: event.peer };
    default:
      return state;
  }
}

type Pending = Extract<CallState, { phase: "calling" | "ringing" | "incoming" | "answering" }>;

function fromPending(state: Pending, event: CallEvent): CallState {
  switch (event.type) {
    case "ringing":
      return state.phase === "calling" ? { ...state, phase: "ringing" } : state;
    case "answering":
      return state.phase === "incoming" ? { ...state, phase: "answering" } : state;
    case "established":
      return { phase: "active", peer: state.peer, since: event.at, muted: false, hold: "none" };
    case "ended":
      return ended(state.peer, event.problem);
    default:
      return state;
  }
}

type Active = Extract<CallState, { phase: "active" }>;

function fromActive(state: Active, event: CallEvent): CallState {
  switch (event.type) {
    case "muted":
    case "unmuted":
      return { ...state, muted: event.type === "muted" };
    case "held":
      return { ...state, hold: withHold(state.hold, event.by) };
    case "resumed":
      return { ...state, hold: withoutHold(state.hold, event.by) };
    case "ended":
      return ended(state.peer, event.problem);
    default:
      return state;
  }
}

function ended(peer: string, problem: string | undefined): CallState {
  return { phase: "idle", ended: problem === undefined ? { peer } : { peer, problem } };
}

function withHold(hold: Hold, by: Side): Hold {
  return hold === "none" || hold === by ? by : "both";
}

function withoutHold(hold: Hold, by: Side): Hold {
  if (hold === by) return "none";
  return hold === "both" ? (by === "here" ? "there" : "here") : hold;
}

export function heldHere(hold: Hold): boolean {
  return hold === "here" || hold === "both";
}
