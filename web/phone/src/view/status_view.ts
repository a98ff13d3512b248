// SPDX-License-Identifier: Apache-2.0
import type { AccountState } from "../core/account.ts";
import { words } from "../core/words.ts";
import type { Snapshot } from "../phone/phone.ts";
import { element, setShown, setText } from "./page.ts";

export class StatusView {
  private readonly status = element("status", HTMLElement);
  private readonly problem = element("problem", HTMLElement);

  draw({ account, problem }: Snapshot): void {
    this.status.dataset["phase"] = account.phase;
    setText(this.status, wordsFor(account));
    setShown(this.problem, problem !== "");
    setText(this.problem, problem);
  }
}

export function showFatal(text: string): void {
  const problem = element("problem", HTMLElement);
  setShown(problem, true);
  setText(problem, text);
}

function wordsFor(account: AccountState): string {
  switch (account.phase) {
    case "signedOut":
    case "refused":
      return "Signed out";
    case "connecting":
      return "Connecting…";
    case "registering":
      return "Signing in…";
    case "registered":
      return `Ready: ${account.address.replace(/^sip:/, "")}`;
    case "reconnecting":
      return words.lost;
  }
}
