// SPDX-License-Identifier: Apache-2.0
// The phone without its face: binds the line, the devices and the two state machines, and tells the view a new
// snapshot whenever something has changed. One per page.
import { type AccountState, afterAccountEvent, type AccountEvent, signedOut } from "../core/account.ts";
import { parseAddress, toUri } from "../core/address.ts";
import { afterCallEvent, type CallEvent, type CallState, heldHere, noCall } from "../core/call.ts";
import type { PhoneConfig } from "../core/config.ts";
import type { Credentials } from "../core/login.ts";
import { type Protection, silence, type Voice } from "../core/protection.ts";
import { words, wordsForMicrophone } from "../core/words.ts";
import { type DeviceLists, Devices } from "../media/devices.ts";
import { Probe } from "../media/probe.ts";
import { type Sound, Sounds } from "../media/sounds.ts";
import { Line } from "../sip/line.ts";
import { recall, remember } from "./remembered.ts";

export interface Snapshot {
  readonly account: AccountState;
  readonly call: CallState;
  readonly problem: string; // to be shown now; empty: nothing
  readonly protection: Protection;
  readonly voice: Voice;
  readonly devices: DeviceLists & { readonly microphone: string; readonly speaker: string; readonly canChooseSpeaker: boolean };
}

export interface SignIn {
  readonly address: string;
  readonly user: string; // empty: that of the address
  readonly kind: Credentials["kind"];
  readonly secret: string;
}

export class Phone {
  private account: AccountState = signedOut;
  private call: CallState = noCall;
  private problem = "";
  private protection: Protection = { level: "none" };
  private voice: Voice = silence;
  private lists: DeviceLists = { microphones: [], speakers: [] };
  private readonly devices: Devices;
  private readonly line: Line;
  private readonly probe = new Probe();
  private readonly sounds = new Sounds();

  constructor(private readonly config: PhoneConfig, player: HTMLAudioElement, private readonly onChange: (snapshot: Snapshot) => void) {
    this.devices = new Devices(player, () => void this.listDevices(), () => void this.microphoneLost());
    this.devices.microphone = recall("microphone");
    void this.devices.chooseSpeaker(recall("speaker")).catch(() => this.chooseSpeaker(""));
    this.line = new Line(config, {
      account: (event) => this.accountEvent(event),
      call: (event) => this.callEvent(event),
      connection: (connection) => this.connected(connection),
    });
    void this.listDevices();
  }

  // A snapshot although nothing has changed: for views that have just come.
  show(): void {
    this.changed();
  }

  signIn({ address, user, kind, secret }: SignIn): void {
    const own = parseAddress(address, this.config.domain);
    if (!own) return this.tell(words.notOwnAddress);
    remember("address", address.trim());
    this.problem = "";
    this.accountEvent({ type: "signIn", address: toUri(own) });
    const credentials: Credentials = kind === "token" ? { kind, token: secret.trim() } : { kind, user: user.trim() || own.user, password: secret };
    this.line.signIn(toUri(own), credentials);
  }

  signOut(): void {
    this.line.signOut();
    this.problem = "";
    this.callEvent({ type: "ended" });
    this.accountEvent({ type: "signOut" });
  }

  async dial(target: string): Promise<void> {
    const address = parseAddress(target, this.config.domain);
    if (!address) return this.tell(words.notAnAddress);
    if (this.call.phase !== "idle" || this.account.phase !== "registered") return;
    this.callEvent({ type: "dialled", peer: toUri(address) });
    const microphone = await this.microphone();
    if (!microphone) return;
    if (this.isStill("calling")) this.line.dial(toUri(address), microphone);
    else this.devices.closeMicrophone();
  }

  async answer(): Promise<void> {
    if (this.call.phase !== "incoming") return;
    this.callEvent({ type: "answering" });
    const microphone = await this.microphone();
    if (!microphone) return this.line.hangUp();
    if (this.isStill("answering")) this.line.answer(microphone);
    else this.devices.closeMicrophone();
  }

  hangUp(): void {
    this.line.hangUp();
    if (this.call.phase === "calling") this.callEvent({ type: "ended" }); // before the line knew of it
  }

  toggleMute(): void {
    if (this.call.phase === "active") this.line.setMuted(!this.call.muted);
  }

  toggleHold(): void {
    if (this.call.phase === "active") this.line.setHeld(!heldHere(this.call.hold));
  }

  sendTone(tone: string): void {
    if (this.call.phase === "active") this.line.sendTone(tone);
  }

  async chooseMicrophone(id: string): Promise<void> {
    this.devices.microphone = id;
    remember("microphone", id);
    if (this.call.phase === "active") {
      const microphone = await this.microphone();
      if (microphone) await this.line.replaceMicrophone(microphone);
    }
    this.changed();
  }

  async chooseSpeaker(id: string): Promise<void> {
    remember("speaker", id);
    await this.devices.chooseSpeaker(id).catch(() => this.devices.chooseSpeaker(""));
    this.changed();
  }

  // Asking for the microphone takes as long as the person takes; the call may be over by then.
  private isStill(phase: CallState["phase"]): boolean {
    return this.call.phase === phase;
  }

  private accountEvent(event: AccountEvent): void {
    this.account = afterAccountEvent(this.account, event);
    if (this.account.phase === "refused") {
      this.problem = this.account.problem;
      this.line.signOut();
      this.callEvent({ type: "ended", problem: this.account.problem });
    }
    this.changed();
  }

  private callEvent(event: CallEvent): void {
    const before = this.call;
    this.call = afterCallEvent(before, event);
    if (this.call === before) return;
    if (before.phase === "idle") this.problem = "";
    if (this.call.phase === "idle") this.released(this.call.ended?.problem ?? "");
    this.sounds.play(soundOf(this.call));
    this.changed();
  }

  private released(problem: string): void {
    this.problem = problem || this.problem;
    this.probe.stop();
    this.protection = { level: "none" };
    this.voice = silence;
    this.devices.closeMicrophone();
    this.devices.play(null);
  }

  private connected(connection: RTCPeerConnection): void {
    connection.addEventListener("track", ({ track, streams }) => this.devices.play(streams[0] ?? new MediaStream([track])));
    this.probe.watch(connection, (protection, voice) => {
      this.protection = protection;
      this.voice = voice;
      this.changed();
    });
  }

  // Nothing, and the call is over, when there is none to be had.
  private async microphone(): Promise<MediaStream | undefined> {
    try {
      const stream = await this.devices.openMicrophone();
      void this.listDevices(); // now the devices have names
      return stream;
    } catch (error) {
      this.microphoneFailed(error instanceof DOMException ? error.name : "");
      return undefined;
    }
  }

  private microphoneFailed(name: string): void {
    const problem = wordsForMicrophone(name);
    if (this.call.phase === "active") this.tell(problem);
    else if (this.call.phase === "calling") this.callEvent({ type: "ended", problem });
    else this.tell(problem);
  }

  private async microphoneLost(): Promise<void> {
    this.tell(wordsForMicrophone("NotFoundError"));
    await this.chooseMicrophone("");
  }

  private async listDevices(): Promise<void> {
    this.lists = await this.devices.list();
    this.changed();
  }

  private tell(problem: string): void {
    this.problem = problem;
    this.changed();
  }

  private changed(): void {
    const { account, call, problem, protection, voice } = this;
    const { microphone, speaker, canChooseSpeaker } = this.devices;
    this.onChange({ account, call, problem, protection, voice, devices: { ...this.lists, microphone, speaker, canChooseSpeaker } });
  }
}

function soundOf(call: CallState): Sound {
  if (call.phase === "incoming") return "ring";
  return call.phase === "ringing" ? "ringback" : "none";
}
