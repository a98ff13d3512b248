// SPDX-License-Identifier: Apache-2.0
// What the phone remembers on this computer: the address and the chosen devices, never a password or token.

export type Remembered = "address" | "microphone" | "speaker";

export function recall(name: Remembered): string {
  try {
    return localStorage.getItem(`sallyport.${name}`) ?? "";
  } catch {
    return ""; // storage is switched off
  }
}

export function remember(name: Remembered, value: string): void {
  try {
    localStorage.setItem(`sallyport.${name}`, value);
  } catch {
    // storage is switched off: the choice holds for this visit
  }
}
