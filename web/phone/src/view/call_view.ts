// SPDX-License-Identifier: Apache-2.0
import { isSignedIn } from "../core/account.ts";
import { shown } from "../core/address.ts";
import { type CallState, heldHere } from "../core/call.ts";
import { shownDuration } from "../core/duration.ts";
import type { Phone, Snapshot } from "../phone/phone.ts";
import { element, setPressed, setShown, setText } from "./page.ts";

export class CallView {
  private readonly panel = element("phone", HTMLElement);
  private readonly dial = element("dial", HTMLFormElement);
  private readonly target = element("target", HTMLInputElement);
  private readonly dialSubmit = element("dial-submit", HTMLButtonElement);
  private readonly call = element("call", HTMLElement);
  private readonly peer = element("peer", HTMLElement);
  private readonly state = element("call-state", HTMLElement);
  private readonly timer = element("timer", HTMLElement);
  private readonly answer = element("answer", HTMLButtonElement);
  private readonly mute = element("mute", HTMLButtonElement);
  private readonly hold = element("hold", HTMLButtonElement);
  private readonly hangUp = element("hang-up", HTMLButtonElement);
  private readonly keypad = element("keypad", HTMLElement);
  private since = 0;
  private phase = "signedOut";

  constructor(phone: Phone, private readonly domain: string) {
    this.dial.addEventListener("submit", (event) => {
      event.preventDefault();
      void phone.dial(this.target.value);
    });
    this.answer.addEventListener("click", () => void phone.answer());
    this.hangUp.addEventListener("click", () => phone.hangUp());
    this.mute.addEventListener("click", () => phone.toggleMute());
    this.hold.addEventListener("click", () => phone.toggleHold());
    for (const key of this.keypad.querySelectorAll("button")) key.addEventListener("click", () => phone.sendTone(key.value));
    document.addEventListener("keydown", (event) => {
      if (this.phase === "active" && /^[0-9*#]$/.test(event.key) && !isTyping(event)) phone.sendTone(event.key);
    });
    setInterval(() => this.tick(), 250);
  }

  draw({ account, call }: Snapshot): void {
    setShown(this.panel, isSignedIn(account));
    setShown(this.dial, call.phase === "idle");
    this.dialSubmit.disabled = account.phase !== "registered";
    setShown(this.call, call.phase !== "idle");
    setShown(this.answer, call.phase === "incoming");
    const active = call.phase === "active";
    for (const only of [this.mute, this.hold, this.keypad, this.timer]) setShown(only, active);
    if (call.phase !== "idle") {
      setText(this.peer, shown(call.peer, this.domain));
      setText(this.hangUp, call.phase === "incoming" ? "Decline" : "Hang up");
    }
    setText(this.state, wordsFor(call));
    if (call.phase === "active") {
      this.since = call.since;
      setPressed(this.mute, call.muted);
      setPressed(this.hold, heldHere(call.hold));
      this.tick();
    }
    this.focus(isSignedIn(account) ? call.phase : "signedOut");
  }

  // The keyboard goes where the next step is, once per step.
  private focus(phase: CallState["phase"] | "signedOut"): void {
    if (phase === this.phase) return;
    const before = this.phase;
    this.phase = phase;
    if (phase === "incoming") this.answer.focus();
    else if (phase === "idle") this.target.focus();
    else if (before === "idle" || phase === "active") this.hangUp.focus();
  }

  private tick(): void {
    if (this.phase === "active" || !this.timer.hidden) setText(this.timer, shownDuration(Date.now() - this.since));
  }
}

function wordsFor(call: CallState): string {
  switch (call.phase) {
    case "idle":
      return "";
    case "calling":
      return "Calling…";
    case "ringing":
      return "Ringing…";
    case "incoming":
      return "Incoming call";
    case "answering":
      return "Answering…";
    case "active":
      return { none: call.muted ? "Connected, you are muted" : "Connected", here: "On hold", there: "The other side holds the call", both: "Held by both sides" }[call.hold];
  }
}

function isTyping(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.altKey || event.metaKey || event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
}
