// SPDX-License-Identifier: Apache-2.0
// The line to the server: JsSIP's user agent, and at most one call on it. What happens is reported as events of
// core/account and core/call; nothing of JsSIP is seen above this file. A second call is told "busy".
import { UA } from "jssip";
import type { RTCSession, RTCSessionEventMap } from "jssip/lib/RTCSession";
import type { AccountEvent } from "../core/account.ts";
import type { CallEvent } from "../core/call.ts";
import type { IceServer, PhoneConfig } from "../core/config.ts";
import { type Credentials, Login, type LoginProblem } from "../core/login.ts";
import { readRelays, relaysType } from "../core/relays.ts";
import { words, wordsForSignIn } from "../core/words.ts";
import { AuthenticatedSocket } from "./authenticated_socket.ts";
import { problemOf, type SessionEnd } from "./ending.ts";
import { webHashes } from "./web_hashes.ts";

export interface LineListener {
  account(event: AccountEvent): void;
  call(event: CallEvent): void;
  connection(connection: RTCPeerConnection): void; // of the call that is being made
}

interface Call {
  session?: RTCSession;
  held?: boolean; // wished for
}

// How long to wait for more ways to reach this browser after the first is known.
const gatheringMilliseconds = 1500;

// How long to wait while the call is being changed already.
const busyMilliseconds = 200;

// How long the server has to take a registration back.
const farewellMilliseconds = 3000;

export class Line {
  private agent: UA | undefined;
  private current: Call | undefined;
  private relays: readonly IceServer[] = []; // as of the last registration

  constructor(private readonly config: PhoneConfig, private readonly listener: LineListener) {}

  signIn(address: string, credentials: Credentials): void {
    this.signOut();
    let agent: UA;
    const heard = (event: AccountEvent) => {
      if (this.agent === agent) this.listener.account(event);
    };
    let problem: LoginProblem | undefined;
    const socket = new AuthenticatedSocket(this.config.sip, () => new Login(credentials, webHashes), (found) => {
      problem = found;
      if (found === "notTheServer") heard({ type: "refused", problem: words.notTheServer });
    });
    agent = new UA({
      sockets: [socket],
      uri: address,
      ...(credentials.kind === "password" ? { authorization_user: credentials.user } : {}),
      password: "answered by AuthenticatedSocket",
      register_expires: this.config.registrationSeconds,
      user_agent: "Sallyport-Web-Phone",
      connection_recovery_min_interval: 2,
      connection_recovery_max_interval: 30,
    });
    this.agent = agent;
    agent.on("connected", () => heard({ type: "connected" }));
    agent.on("disconnected", () => heard({ type: "disconnected", problem: words.notReached }));
    agent.registrator().setExtraHeaders([`Accept: ${relaysType}`]);
    agent.on("registered", ({ response }: { response: { body?: string | null; getHeader(name: string): string | undefined } }) => {
      if (this.agent === agent) this.relays = readRelays(response.getHeader("Content-Type"), response.body);
      heard({ type: "registered" });
    });
    agent.on("registrationFailed", ({ response }: { response?: { status_code: number } | null }) => {
      if (response) heard({ type: "refused", problem: problem ? words[problem] : wordsForSignIn(response.status_code) });
    });
    agent.on("newRTCSession", ({ originator, session }: { originator: string; session: RTCSession }) => {
      if (originator === "remote") this.offered(session);
    });
    agent.start();
  }

  // Ends the call, takes the registration back and closes the connection.
  signOut(): void {
    const { agent } = this;
    this.agent = undefined;
    this.current = undefined;
    this.relays = [];
    if (!agent) return;
    if (!agent.isRegistered()) return agent.stop();
    // JsSIP's own stop() answers no challenge any more, so the registration is taken back before.
    const stop = () => agent.stop();
    agent.on("unregistered", stop);
    agent.on("registrationFailed", stop);
    setTimeout(stop, farewellMilliseconds);
    agent.terminateSessions();
    agent.unregister();
  }

  dial(uri: string, microphone: MediaStream): void {
    if (!this.agent || this.current) return;
    const call: Call = {};
    this.current = call;
    call.session = this.agent.call(uri, { ...this.media(microphone), eventHandlers: this.handlers(call) });
  }

  answer(microphone: MediaStream): void {
    this.current?.session?.answer(this.media(microphone));
  }

  // Whatever the call is doing: gives up, declines or hangs up.
  hangUp(): void {
    const session = this.current?.session;
    if (!session || session.isEnded()) return;
    session.terminate(session.direction === "incoming" && !session.isEstablished() ? { status_code: 603, reason_phrase: "Decline" } : {});
  }

  setMuted(muted: boolean): void {
    const session = this.current?.session;
    if (muted) session?.mute({ audio: true });
    else session?.unmute({ audio: true });
  }

  // One change of the call is made at a time (RFC 3261 14.1): a wish that comes too early waits.
  setHeld(held: boolean): void {
    if (!this.current) return;
    this.current.held = held;
    this.applyHold(this.current);
  }

  // In the voice stream (RFC 4733) where the other side takes that, else as INFO.
  sendTone(tone: string): void {
    const session = this.current?.session;
    const inVoice = session?.connection?.getSenders().some((sender) => sender.dtmf?.canInsertDTMF) ?? false;
    session?.sendDTMF(tone, { transportType: (inVoice ? "RFC2833" : "INFO") as never, duration: 100, interToneGap: 70 });
  }

  async replaceMicrophone(microphone: MediaStream): Promise<void> {
    const track = microphone.getAudioTracks()[0] ?? null;
    const sender = this.current?.session?.connection?.getSenders().find((each) => each.track?.kind === "audio");
    if (track && sender?.track) track.enabled = sender.track.enabled; // muted stays muted, held stays held
    await sender?.replaceTrack(track);
  }

  private applyHold(call: Call): void {
    const { session, held } = call;
    if (this.current !== call || !session || held === undefined || session.isOnHold().local === held) return;
    const started = held ? session.hold() : session.unhold();
    if (!started) setTimeout(() => this.applyHold(call), busyMilliseconds);
  }

  private media(microphone: MediaStream) {
    return {
      mediaStream: microphone,
      mediaConstraints: { audio: true, video: false },
      pcConfig: {
        iceServers: [...this.config.iceServers, ...this.relays].map((server) => ({ ...server, urls: [...server.urls] })),
        ...(this.config.relayOnly ? { iceTransportPolicy: "relay" as const } : {}),
        bundlePolicy: "max-bundle" as const,
        rtcpMuxPolicy: "require" as const,
      },
    };
  }

  private offered(session: RTCSession): void {
    if (this.current) {
      session.terminate({ status_code: 486, reason_phrase: "Busy Here" });
      return;
    }
    const call: Call = { session };
    this.current = call;
    for (const [name, handler] of Object.entries(this.handlers(call))) session.on(name as keyof RTCSessionEventMap, handler as never);
    this.listener.call({ type: "offered", peer: session.remote_identity.uri.toString() });
  }

  private handlers(call: Call) {
    const heard = (event: CallEvent) => {
      if (this.current === call) this.listener.call(event);
    };
    const ended = (end: unknown) => {
      const problem = problemOf(end as SessionEnd);
      heard(problem === undefined ? { type: "ended" } : { type: "ended", problem });
      if (this.current === call) this.current = undefined;
    };
    const side = (originator: string) => (originator === "local" ? "here" as const : "there" as const);
    let gathering = false;
    return {
      peerconnection: ({ peerconnection }: { peerconnection: RTCPeerConnection }) => this.listener.connection(peerconnection),
      icecandidate: ({ ready }: { ready: () => void }) => {
        if (!gathering) setTimeout(ready, gatheringMilliseconds);
        gathering = true;
      },
      progress: () => heard({ type: "ringing" }),
      accepted: () => heard({ type: "established", at: Date.now() }),
      muted: () => heard({ type: "muted" }),
      unmuted: () => heard({ type: "unmuted" }),
      hold: ({ originator }: { originator: string }) => heard({ type: "held", by: side(originator) }),
      unhold: ({ originator }: { originator: string }) => heard({ type: "resumed", by: side(originator) }),
      ended,
      failed: ended,
    };
  }
}
