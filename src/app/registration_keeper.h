// SPDX-License-Identifier: Apache-2.0
#pragma once
// The location table of the process and the file it lives on in: restored before the first phone speaks,
// written as it changes. Built and destroyed on the main thread; workers use what it hands out.

#include <memory>

#include "call/registrar.h"
#include "config/config.h"
#include "store/registration_store.h"

namespace sallyport::app {

class RegistrationKeeper final : public call::RegistrationJournal, private store::RegistrationSource {
 public:
  // Errors: those of store::RegistrationStore::open.
  static Result<std::unique_ptr<RegistrationKeeper>> open(const config::Registrar& config, const Clock& clock,
                                                          telemetry::EventSink& events);

  void adopt(const config::Registrar& config);  // newer limits
  call::Registrations& table() { return table_; }
  store::RegistrationStatistics statistics() const { return store_->statistics(); }

  void touched(std::string_view aor) override { store_->touched(aor); }

 private:
  RegistrationKeeper(const config::Registrar& config, const Clock& clock,
                     std::unique_ptr<store::RegistrationStore> store);
  std::vector<store::StoredBinding> bindingsOf(std::string_view aor) const override;

  const Clock& clock_;
  call::Registrations table_;
  std::unique_ptr<store::RegistrationStore> store_;  // last: its thread asks the table
};

// What is kept of a binding, and back: its connection is not.
store::StoredBinding storedOf(const call::Binding& binding);
call::Binding bindingOf(const store::StoredBinding& stored);

}  // namespace sallyport::app
