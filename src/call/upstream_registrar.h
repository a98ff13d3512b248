// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tells a core of the registrations accepted here, as our own ones (RFC 3261 10.2): the same address of record, a
// Contact that leads to us and names the binding by its token, and Path where the core keeps one (RFC 3327). So
// the core calls us, and we the phone over its own connection.
//
// A phone that refreshes often does not make us do so: before half of what the core granted is over, it is
// answered with what is left of that. What the core granted also outlasts a core that does not answer.
//
// One per worker, used on its thread. Sans I/O: requests are the Requester's.

#include "call/registrar.h"
#include "call/requester.h"

namespace sallyport::call {

class UpstreamRegistrar final : public Upstream {
 public:
  struct Parts {
    Requester& requester;  // outlives this
    const Clock& clock;
  };
  // The core is the peer that [registrar] upstream names.
  UpstreamRegistrar(Parts parts, EdgePolicyPtr policy) : parts_(parts), policy_(std::move(policy)) {}

  void adopt(EdgePolicyPtr policy) { policy_ = std::move(policy); }

  void carry(RegistrationChange change, Registrations::Plan plan, Carried carried) override;
  void withdraw(const Binding& binding) override;

 private:
  struct Told {  // one Contact of a REGISTER of ours
    std::string token;
    unsigned q = 0;
    std::chrono::seconds expires{};  // 0: removed
  };
  struct Asking {
    RegistrationChange change;
    std::vector<std::size_t> updates;  // those of the change that the core is asked about
    std::vector<Told> told;
    std::uint32_t cseq = 0;
    unsigned attempts = 0;
    Carried carried;
  };
  using AskingPtr = std::shared_ptr<Asking>;

  void ask(const AskingPtr& asking);
  void onAnswer(const AskingPtr& asking, const Result<sip::Message>& response);
  void onGranted(const AskingPtr& asking, const sip::Message& response);
  void onRefused(const AskingPtr& asking, const Error& error);
  std::string contactOf(std::string_view token) const;
  HopSecurity hop() const;
  std::string write(const std::string& aor, const std::vector<Told>& told, std::uint32_t cseq,
                    const std::string& via) const;
  std::uint32_t nextCseq(std::uint32_t after);

  Parts parts_;
  EdgePolicyPtr policy_;
  std::uint32_t last_cseq_ = 0;
};

}  // namespace sallyport::call
