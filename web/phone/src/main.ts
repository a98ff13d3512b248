// SPDX-License-Identifier: Apache-2.0
// Wiring only: the configuration, the phone, its views.
import { type PhoneConfig, readConfig } from "./core/config.ts";
import { Phone, type Snapshot } from "./phone/phone.ts";
import { recall } from "./phone/remembered.ts";
import { CallView } from "./view/call_view.ts";
import { DevicesView } from "./view/devices_view.ts";
import { element, setText } from "./view/page.ts";
import { ProtectionView } from "./view/protection_view.ts";
import { SignInView } from "./view/sign_in_view.ts";
import { showFatal, StatusView } from "./view/status_view.ts";

async function loadConfig(): Promise<PhoneConfig> {
  const answer = await fetch("config.json", { cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  return readConfig(await answer.json(), location);
}

function start(config: PhoneConfig): void {
  document.title = config.title;
  setText(element("title", HTMLElement), config.title);
  const views: { draw(snapshot: Snapshot): void }[] = [];
  const phone = new Phone(config, element("player", HTMLAudioElement), (snapshot) => views.forEach((view) => view.draw(snapshot)));
  views.push(new StatusView(), new SignInView(phone, recall("address")), new CallView(phone, config.domain), new DevicesView(phone), new ProtectionView());
  phone.show();
  addEventListener("pagehide", () => phone.signOut());
}

loadConfig().then(start).catch((error: unknown) => {
  showFatal(`The phone can not start: the server's configuration can not be read (${error instanceof Error ? error.message : String(error)}).`);
});
