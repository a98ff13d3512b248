// SPDX-License-Identifier: Apache-2.0
// Whether the phone can be reached. Pure, as call.ts.

export type AccountState =
  | { readonly phase: "signedOut" }
  | { readonly phase: "connecting" | "registering" | "registered"; readonly address: string }
  // Registered before, the connection is gone; the phone dials again by itself.
  | { readonly phase: "reconnecting"; readonly address: string }
  // Refused: nothing happens until the person acts.
  | { readonly phase: "refused"; readonly address: string; readonly problem: string };

export type AccountEvent =
  | { readonly type: "signIn"; readonly address: string }
  | { readonly type: "connected" }
  | { readonly type: "disconnected"; readonly problem: string }
  | { readonly type: "registered" }
  | { readonly type: "refused"; readonly problem: string }
  | { readonly type: "signOut" };

export const signedOut: AccountState = { phase: "signedOut" };

export function afterAccountEvent(state: AccountState, event: AccountEvent): AccountState {
  if (event.type === "signIn") return { phase: "connecting", address: event.address };
  if (event.type === "signOut") return signedOut;
  if (state.phase === "signedOut" || state.phase === "refused") return state;
  switch (event.type) {
    case "connected":
      return { phase: "registering", address: state.address };
    case "registered":
      return { phase: "registered", address: state.address };
    case "refused":
      return { phase: "refused", address: state.address, problem: event.problem };
    case "disconnected":
      return lost(state, event.problem);
  }
}

// A first connection that fails is told to the person; one that was there before is dialled again.
function lost(state: Exclude<AccountState, { phase: "signedOut" | "refused" }>, problem: string): AccountState {
  if (state.phase === "connecting") return { phase: "refused", address: state.address, problem };
  return { phase: "reconnecting", address: state.address };
}

export function isSignedIn(state: AccountState): boolean {
  return state.phase === "registered" || state.phase === "reconnecting";
}
