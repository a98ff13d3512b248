// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a REGISTER is answered with (RFC 3261 10.3 step 8, RFC 5626 6, RFC 5627 5.3, RFC 3327 5.3, RFC 3608 6).

#include "call/register_reader.h"

namespace sallyport::call {

// What of the request its answer depends on, kept while the core is asked.
struct AnswerNeeds {
  enum class Gruu : std::uint8_t { none, wanted };

  std::string path;  // to be repeated
  Gruu gruu = Gruu::none;
  std::string relayed;  // the address that asks for credentials of the TURN server; empty: none does
  ReadRegister::Outbound outbound = ReadRegister::Outbound::none;
  Transport transport = Transport::tls;
  std::string listener;
};
AnswerNeeds answerNeeds(const ReadRegister& read, const RegisterRequest& request);

RegisterAnswer grantedAnswer(const std::vector<BindingPtr>& bound, const AnswerNeeds& needs,
                             const RegistrarSettings& settings, WallTime now);
// `unsupported`: what a 420 names in Unsupported.
RegisterAnswer refusedAnswer(Error error, const RegistrarSettings& settings, std::string unsupported = {});
// The option tags of a REGISTER that cannot be honoured.
std::string unsupportedIn(const sip::Message& request);

}  // namespace sallyport::call
