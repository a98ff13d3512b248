// SPDX-License-Identifier: Apache-2.0
// Microphones and speakers of this computer, and which of them the person has chosen.

export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface DeviceLists {
  readonly microphones: readonly Device[];
  readonly speakers: readonly Device[];
}

export class Devices {
  microphone = ""; // ids; empty: the system's choice
  speaker = "";
  private open: MediaStream | undefined;

  // `onLost`: the microphone in use was unplugged or taken away.
  constructor(private readonly player: HTMLAudioElement, onChange: () => void, private readonly onLost: () => void) {
    navigator.mediaDevices?.addEventListener("devicechange", onChange);
  }

  get canChooseSpeaker(): boolean {
    return "setSinkId" in this.player;
  }

  // Names are empty until the person has allowed the microphone once.
  async list(): Promise<DeviceLists> {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const of = (kind: MediaDeviceKind, name: string) => all
      .filter((device) => device.kind === kind && device.deviceId !== "" && device.deviceId !== "default" && device.deviceId !== "communications")
      .map((device, index) => ({ id: device.deviceId, label: device.label || `${name} ${index + 1}` }));
    return { microphones: of("audioinput", "Microphone"), speakers: of("audiooutput", "Speaker") };
  }

  // Rejects with the browser's DOMException. The one opened before is closed.
  async openMicrophone(): Promise<MediaStream> {
    if (!navigator.mediaDevices) throw new DOMException("no secure context", "SecurityError");
    const chosen = this.microphone === "" ? {} : { deviceId: { exact: this.microphone } };
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { ...chosen, echoCancellation: true, noiseSuppression: true, autoGainControl: true }, video: false,
    });
    this.closeMicrophone();
    this.open = stream;
    stream.getAudioTracks()[0]?.addEventListener("ended", () => {
      if (this.open === stream) this.onLost();
    });
    return stream;
  }

  closeMicrophone(): void {
    for (const track of this.open?.getTracks() ?? []) track.stop();
    this.open = undefined;
  }

  async chooseSpeaker(id: string): Promise<void> {
    this.speaker = id;
    if (this.canChooseSpeaker) await this.player.setSinkId(id);
  }

  play(stream: MediaStream | null): void {
    this.player.srcObject = stream;
    if (stream) void this.player.play().catch(() => undefined); // starts by itself once the page may make a sound
  }
}
