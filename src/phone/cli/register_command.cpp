// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/register_command.h"

#include "phone/cli/command_line.h"
#include "phone/cli/report.h"

namespace sallyport::phone {

int RegisterCommand::run() {
  auto session = PhoneSession::create(options_.phone, *this);
  if (!session) return explain(session.error());
  session_ = *std::move(session);
  const auto begun = session_->phone().registerAt(options_.registration);
  if (!begun) return explain(begun.error());
  session_->run();
  return status_;
}

void RegisterCommand::onRegistered(const Registered& registered) {
  status_ = kExitOk;
  session_->print(session_->json() ? jsonRegistered(registered) : textRegistered(registered));
  if (options_.once) session_->finish();
}

// The first answer decides; a registration that stood is tried again as long as the command runs.
void RegisterCommand::onRegistrationFailed(const Error& error, int status) {
  session_->print(session_->json() ? jsonRegistrationFailed(error, status) : textRegistrationFailed(error, status));
  if (status_ == kExitOk && status == 0) return;
  status_ = kExitFailed;
  session_->finish();
}

}  // namespace sallyport::phone
