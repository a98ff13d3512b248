// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every phone command does alike: load the certificates and the audio, run a loop with a Phone on it,
// end in good order on SIGINT and SIGTERM, print events. Owned by the command, on the main thread.

#include <map>
#include <memory>
#include <string_view>

#include "core/clock.h"
#include "net/signals.h"
#include "phone/cli/options.h"
#include "phone/cli/sas_prompt.h"
#include "phone/phone.h"

namespace sallyport::phone {

class PhoneSession {
 public:
  // Errors: those of the files named, of TlsSetup, and "net.loop.unavailable".
  static Result<std::unique_ptr<PhoneSession>> create(const PhoneOptions& options, PhoneObserver& observer);

  Phone& phone() { return *phone_; }
  net::Loop& loop() { return *loop_; }

  // A source and a sink as the options say. The WAV file is opened by the first call; later ones go to
  // heard-2.wav and so on, so that none is lost.
  Result<MediaSession::Audio> audio();
  Result<MediaSession::Audio> echoAudio();

  // Shows what ZRTP has agreed, and asks about it where the options say so and the words were not compared before.
  void showSas(Conversation& conversation, const ZrtpFacts& facts);
  // What the options have happen once it is answered.
  void onAnswered(Conversation& conversation);
  void forget(const Conversation& conversation);

  // Runs until finish(), or until a signal after which everything has been hung up.
  void run();
  // Hangs up what is left, closes the connections, ends run(); at most two seconds from now.
  void finish();

  bool json() const { return options_.output == Output::json; }
  void print(std::string_view line) const;  // flushed: somebody may be waiting for it

 private:
  explicit PhoneSession(const PhoneOptions& options) : options_(options) {}
  Result<std::unique_ptr<AudioSink>> sink();
  void onSasReply(Conversation& conversation, SasReply reply);
  void checkFinished();

  const PhoneOptions options_;
  SystemClock clock_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::Signals> signals_;
  std::shared_ptr<const Pcm> recording_;
  unsigned recorded_ = 0;
  net::TimerHandle finish_timer_;
  TimePoint give_up_{};
  std::optional<SasPrompt> sas_prompt_;
  std::map<const Conversation*, net::TimerHandle> digits_;
  std::unique_ptr<Phone> phone_;
};

// The error as a person reads it, on standard error; returns the exit status for it.
int explain(const Error& error);

}  // namespace sallyport::phone
