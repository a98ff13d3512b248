// SPDX-License-Identifier: Apache-2.0
#pragma once
// `sallyport-phone answer` and `echo`: waits for the edge, or registers there, and answers (or refuses) what comes.

#include <map>

#include "phone/cli/options.h"
#include "phone/cli/phone_session.h"

namespace sallyport::phone {

class AnswerCommand final : private PhoneObserver {
 public:
  explicit AnswerCommand(const AnswerOptions& options) : options_(options) {}
  int run();

 private:
  Result<MediaSession::Audio> audioFor(Conversation&) override {
    return options_.echo ? session_->echoAudio() : session_->audio();
  }
  void onIncoming(Conversation& conversation) override;
  void onNotAnswered(Conversation&, const Error& error) override { explain(error); }
  void onAnswered(Conversation& conversation) override;
  void onZrtp(Conversation& conversation, const ZrtpFacts& facts) override { session_->showSas(conversation, facts); }
  void onEnded(Conversation& conversation, const CallReport& report) override;
  void onRegistered(const Registered& registered) override;
  void onRegistrationFailed(const Error& error, int status) override;
  void onStranger(const Endpoint& source, const Error& error) override;
  void answer(Conversation& conversation);

  const AnswerOptions& options_;
  std::unique_ptr<PhoneSession> session_;
  std::map<Conversation*, net::TimerHandle> timers_;
  std::uint64_t ended_ = 0;
  int status_ = 0;
};

}  // namespace sallyport::phone
