// SPDX-License-Identifier: Apache-2.0
#pragma once
// `sallyport-phone call`: one call from INVITE to BYE, as scripted by the options.

#include <optional>

#include "phone/cli/options.h"
#include "phone/cli/phone_session.h"

namespace sallyport::phone {

class CallCommand final : private PhoneObserver {
 public:
  explicit CallCommand(const CallOptions& options) : options_(options) {}
  int run();

 private:
  Result<MediaSession::Audio> audioFor(Conversation&) override { return session_->audio(); }
  void onIncoming(Conversation& conversation) override { conversation.reject(486); }
  void onProgress(Conversation& conversation, int status) override;
  void onAnswered(Conversation& conversation) override;
  void onZrtp(Conversation& conversation, const ZrtpFacts& facts) override { session_->showSas(conversation, facts); }
  void onEnded(Conversation& conversation, const CallReport& report) override;
  void hold();
  void resume();
  bool succeeded(const CallReport& report) const;

  const CallOptions& options_;
  std::unique_ptr<PhoneSession> session_;
  Conversation* conversation_ = nullptr;
  net::TimerHandle patience_, hang_up_, hold_;
  int status_ = 1;
};

}  // namespace sallyport::phone
