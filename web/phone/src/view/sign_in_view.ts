// SPDX-License-Identifier: Apache-2.0
import { isSignedIn } from "../core/account.ts";
import type { Phone, Snapshot } from "../phone/phone.ts";
import { element, setShown, setText } from "./page.ts";

export class SignInView {
  private readonly form = element("sign-in", HTMLFormElement);
  private readonly address = element("address", HTMLInputElement);
  private readonly user = element("user", HTMLInputElement);
  private readonly token = element("with-token", HTMLInputElement);
  private readonly secret = element("secret", HTMLInputElement);
  private readonly secretLabel = element("secret-label", HTMLLabelElement);
  private readonly submit = element("sign-in-submit", HTMLButtonElement);
  private readonly signOut = element("sign-out", HTMLButtonElement);

  constructor(phone: Phone, knownAddress: string) {
    this.address.value = knownAddress;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const secret = this.secret.value;
      this.secret.value = "";
      phone.signIn({ address: this.address.value, user: this.user.value, kind: this.token.checked ? "token" : "password", secret });
    });
    for (const choice of [this.token, element("with-password", HTMLInputElement)]) {
      choice.addEventListener("change", () => setText(this.secretLabel, this.token.checked ? "Token" : "Password"));
    }
    this.signOut.addEventListener("click", () => phone.signOut());
  }

  draw({ account }: Snapshot): void {
    const busy = account.phase === "connecting" || account.phase === "registering";
    const back = this.form.hidden && !isSignedIn(account);
    setShown(this.form, !isSignedIn(account));
    if (back) this.secret.focus();
    setShown(this.signOut, isSignedIn(account));
    this.submit.disabled = busy;
    setText(this.submit, busy ? "Signing in…" : "Sign in");
  }
}
