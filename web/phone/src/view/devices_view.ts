// SPDX-License-Identifier: Apache-2.0
import type { Device } from "../media/devices.ts";
import type { Phone, Snapshot } from "../phone/phone.ts";
import { element, setShown } from "./page.ts";

export class DevicesView {
  private readonly microphone = element("microphone", HTMLSelectElement);
  private readonly speaker = element("speaker", HTMLSelectElement);
  private readonly speakerRow = element("speaker-row", HTMLElement);

  constructor(phone: Phone) {
    this.microphone.addEventListener("change", () => void phone.chooseMicrophone(this.microphone.value));
    this.speaker.addEventListener("change", () => void phone.chooseSpeaker(this.speaker.value));
  }

  draw({ devices }: Snapshot): void {
    fill(this.microphone, devices.microphones, devices.microphone);
    fill(this.speaker, devices.speakers, devices.speaker);
    setShown(this.speakerRow, devices.canChooseSpeaker);
  }
}

// Only when the list is another: an open list must not be rebuilt under somebody's finger.
function fill(select: HTMLSelectElement, devices: readonly Device[], chosen: string): void {
  const wanted = [{ id: "", label: "The system's choice" }, ...devices];
  const same = select.options.length === wanted.length &&
    wanted.every((device, index) => select.options[index]?.value === device.id && select.options[index]?.text === device.label);
  if (!same) select.replaceChildren(...wanted.map((device) => new Option(device.label, device.id)));
  const value = wanted.some((device) => device.id === chosen) ? chosen : "";
  if (select.value !== value) select.value = value;
}
