// SPDX-License-Identifier: Apache-2.0
// A JsSIP socket (its documented Socket interface) around JsSIP's own WebSocket, with core/login between the two. Both
// directions keep their order although the cryptography takes its time.
import { WebSocketInterface } from "jssip";
import type { Login, LoginProblem } from "../core/login.ts";

export class AuthenticatedSocket {
  // JsSIP sets these.
  onconnect: () => void = () => {};
  ondisconnect: (error: boolean, code?: number, reason?: string) => void = () => {};
  ondata: (data: unknown) => void = () => {};

  private readonly inner: WebSocketInterface;
  private readonly decoder = new TextDecoder();
  private login: Login | undefined;
  private inbound = Promise.resolve();
  private outbound = Promise.resolve();

  // `makeLogin`: for each connection anew. `onProblem`: the connection is not to be used; it is ended already when the server is false.
  constructor(url: string, private readonly makeLogin: () => Login, private readonly onProblem: (problem: LoginProblem) => void) {
    this.inner = new WebSocketInterface(url);
    this.inner.onconnect = () => this.onconnect();
    this.inner.ondisconnect = (error, code, reason) => this.ondisconnect(error, code, reason);
    this.inner.ondata = (data: unknown) => this.receive(typeof data === "string" ? data : this.decoder.decode(data as ArrayBuffer));
  }

  get via_transport(): string {
    return this.inner.via_transport;
  }

  set via_transport(value: string) {
    this.inner.via_transport = value;
  }

  get url(): string {
    return this.inner.url;
  }

  get sip_uri(): string {
    return this.inner.sip_uri;
  }

  connect(): void {
    this.login = this.makeLogin();
    this.inner.connect();
  }

  // What was given to send() before is sent first.
  disconnect(): void {
    this.outbound = this.outbound.then(() => this.inner.disconnect());
  }

  isConnected(): boolean {
    return this.inner.isConnected();
  }

  isConnecting(): boolean {
    return this.inner.isConnecting();
  }

  send(message: string | ArrayBufferLike | Blob | ArrayBufferView): boolean {
    if (typeof message !== "string" || !this.inner.isConnected()) return false;
    const { login } = this;
    this.outbound = this.outbound
      .then(async () => {
        const text = login ? await login.sending(message) : message;
        if (login === this.login) this.inner.send(text);
      })
      .catch(() => this.distrust());
    return true;
  }

  private receive(message: string): void {
    const { login } = this;
    if (!login) return;
    this.inbound = this.inbound
      .then(async () => {
        const received = await login.received(message);
        if (login !== this.login) return;
        if (received.problem === "notTheServer") return this.distrust();
        if (received.problem) this.onProblem(received.problem);
        this.ondata(received.message);
      })
      .catch(() => this.distrust());
  }

  private distrust(): void {
    this.login = undefined;
    this.inner.disconnect();
    this.onProblem("notTheServer");
  }
}
