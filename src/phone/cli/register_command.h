// SPDX-License-Identifier: Apache-2.0
#pragma once
// `sallyport-phone register`: registers at the edge, refreshes, shows what it is bound to; takes it back on SIGINT.

#include "phone/cli/options.h"
#include "phone/cli/phone_session.h"

namespace sallyport::phone {

class RegisterCommand final : private PhoneObserver {
 public:
  explicit RegisterCommand(const RegisterOptions& options) : options_(options) {}
  int run();

 private:
  Result<MediaSession::Audio> audioFor(Conversation&) override { return session_->audio(); }
  void onIncoming(Conversation& conversation) override { conversation.reject(486); }
  void onEnded(Conversation&, const CallReport&) override {}
  void onRegistered(const Registered& registered) override;
  void onRegistrationFailed(const Error& error, int status) override;

  const RegisterOptions& options_;
  std::unique_ptr<PhoneSession> session_;
  int status_ = 1;
};

}  // namespace sallyport::phone
