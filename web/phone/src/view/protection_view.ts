// SPDX-License-Identifier: Apache-2.0
import { wordsForProtection } from "../core/protection.ts";
import type { Snapshot } from "../phone/phone.ts";
import { element, setShown, setText } from "./page.ts";

export class ProtectionView {
  private readonly panel = element("protection", HTMLElement);
  private readonly words = element("protection-words", HTMLElement);
  private readonly details = element("protection-details", HTMLElement);
  private readonly dtls = element("dtls", HTMLElement);
  private readonly handshake = element("handshake", HTMLElement);
  private readonly srtp = element("srtp", HTMLElement);
  private readonly own = element("own-fingerprint", HTMLElement);
  private readonly their = element("their-fingerprint", HTMLElement);
  private readonly packets = element("packets", HTMLElement);
  private readonly spoken = element("spoken", HTMLMeterElement);
  private readonly heard = element("heard", HTMLMeterElement);

  draw({ call, protection, voice }: Snapshot): void {
    setShown(this.panel, call.phase === "active");
    if (call.phase !== "active") return;
    this.panel.dataset["level"] = protection.level;
    setText(this.words, wordsForProtection(protection));
    setShown(this.details, protection.level === "encrypted");
    if (protection.level === "encrypted") {
      setText(this.dtls, protection.dtls);
      setText(this.handshake, protection.handshake);
      setText(this.srtp, protection.srtp);
      setText(this.own, protection.ownFingerprint);
      setText(this.their, protection.theirFingerprint);
    }
    setText(this.packets, `${voice.sent} sent, ${voice.received} received, ${voice.lost} lost`);
    this.spoken.value = voice.spoken;
    this.heard.value = voice.heard;
  }
}
