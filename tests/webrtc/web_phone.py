# SPDX-License-Identifier: Apache-2.0
"""The web phone as a person uses it: by what index.html shows, never by what is behind it."""
import json

# Who hears a DTMF tone in the voice is not told by the browser; who sends it is, tone by tone.
RECORD_TONES = """
window.tones = "";
const insert = RTCDTMFSender.prototype.insertDTMF, known = new WeakSet();
RTCDTMFSender.prototype.insertDTMF = function (...given) {
  if (!known.has(this)) this.addEventListener("tonechange", (event) => { window.tones += event.tone; });
  known.add(this);
  return insert.apply(this, given);
};
"""


class WebPhone:
    def __init__(self, person, origin, microphone="granted", folder=""):
        person.may_use_microphone(origin, microphone)
        self.page = person.open(f"{origin}{folder}/", RECORD_TONES)
        self.page.until("document.querySelector('#sign-in-submit')?.disabled === false")  # its script has run

    def sign_in(self, address, secret, user=""):
        self.fill("address", address)
        self.fill("user", user)
        self.fill("secret", secret)
        self.click("sign-in-submit")
        return self

    def ready(self):
        self.page.until("document.querySelector('#status').textContent.startsWith('Ready')")
        return self

    def fill(self, field, text):
        self.page.evaluate(f"document.querySelector('#{field}').value = {json.dumps(text)}")

    def click(self, button):
        self.page.until(f"(() => {{ const b = document.querySelector('#{button}'); return b.checkVisibility() && !b.disabled; }})()")
        self.page.evaluate(f"document.querySelector('#{button}').click()")

    def dial(self, target):
        self.fill("target", target)
        self.click("dial-submit")

    def text(self, of):
        return self.page.evaluate(f"document.querySelector('#{of}').textContent")

    def says(self, of, text, timeout=30.0):
        """Until the element `of` shows that text."""
        shown = f"document.querySelector('#{of}').checkVisibility() && document.querySelector('#{of}').textContent"
        self.page.until(f"String({shown}).includes({json.dumps(text)})", timeout)

    def matches(self, of, pattern):
        """Until the whole text of the element `of`, visible or folded away, fits the pattern."""
        self.page.until(f"/^(?:{pattern})$/.test(document.querySelector('#{of}').textContent)")

    def hidden(self, of):
        self.page.until(f"!document.querySelector('#{of}').checkVisibility()")

    def level(self, of):
        return self.page.evaluate(f"document.querySelector('#{of}').value")

    def hears(self):
        """Until the other side's voice is loud enough to be one."""
        self.page.until("document.querySelector('#heard').value > 0.01")

    def hears_nothing(self):
        """Until four reports in a row are silent: longer than any pause of who speaks."""
        self.page.until("""new Promise((done) => {
          let silent = 0, last = "";
          const look = setInterval(() => {
            const packets = document.querySelector('#packets').textContent, heard = document.querySelector('#heard').value;
            if (heard > 0.001) { clearInterval(look); done(false); }
            if (packets !== last) { last = packets; silent += 1; }
            if (silent > 4) { clearInterval(look); done(true); }
          }, 50);
        })""", 30.0)
