// SPDX-License-Identifier: Apache-2.0
// The phone's connection to where it is registered.
#include <algorithm>

#include "crypto/tls_context.h"
#include "phone/phone.h"

namespace sallyport::phone {
namespace {

// RFC 5626 4.5 in small: the first attempt after a loss comes soon, later ones ever less often.
constexpr std::chrono::milliseconds kFirstWait{500};
constexpr std::chrono::milliseconds kLongestWait{60'000};

}  // namespace

Status Phone::registerAt(RegistrationPlan plan) {
  home_ = std::make_unique<Home>();
  home_->plan = std::move(plan);
  home_->registration = &agent_.createRegistration(*this, home_->plan.expires);
  return dialHome();
}

Status Phone::dialHome() {
  SP_ASSIGN(auto context, tls_.clientContext(home_->plan.server_name));
  const auto done = [this](Result<std::unique_ptr<net::TlsConnection>> connection) {
    if (shutting_down_) return;
    if (!connection) {
      observer_.onRegistrationFailed(connection.error(), 0);
      return dialHomeLater();
    }
    home_->flow = addLink(std::move(*connection));
    at([this] { home_->registration->start(localPartyOn(home_->flow), home_->flow); });
  };
  home_->dial = net::Dial::start(loop_, {{home_->plan.via}, std::move(context)}, {}, done);
  return success();
}

void Phone::dialHomeLater() {
  if (shutting_down_) return;
  home_->wait = std::clamp(home_->wait * 2, kFirstWait, kLongestWait);
  home_->again = loop_.schedule(home_->wait, [this] { (void)dialHome(); });
}

void Phone::onRegistered(const Registered& registered) {
  home_->wait = {};
  observer_.onRegistered(registered);
}

void Phone::onRegistrationFailed(const Error& error, int status) { observer_.onRegistrationFailed(error, status); }

void Phone::onUnregistered() {
  home_->left = true;
  observer_.onUnregistered();
  after_turn_.request();
}

}  // namespace sallyport::phone
