// SPDX-License-Identifier: Apache-2.0
#pragma once
// For the tests of ice/: checks written by hand, as a peer or somebody who would be one writes them.

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "crypto/hash.h"
#include "media/ice/candidate.h"
#include "media/ice/credentials.h"
#include "media/stun/message_writer.h"

namespace sallyport::media::ice::testing {

using Datagram = std::vector<std::uint8_t>;

inline constexpr TimePoint kStart{std::chrono::hours{1}};
inline const std::string kPassword = "passwordpasswordpassword";

inline Endpoint at(std::string_view text) { return *Endpoint::parse(text); }
inline Credentials credentials(std::string_view ufrag, std::string_view password = kPassword) {
  return {std::string{ufrag}, Secret{bytesOf(password)}};
}

inline Candidate host(std::string_view endpoint, Component component = kRtp) {
  return {CandidateType::host, component, at(endpoint), candidatePriority(CandidateType::host, 65'535, component), "1"};
}

// A binding request; what a test is about is changed in it.
struct Check {
  std::string username = "edge:peer";
  std::string password = kPassword;
  std::optional<std::uint32_t> priority = 0x6E0001FF;
  std::optional<std::uint64_t> controlling = 7;
  std::optional<std::uint64_t> controlled = {};
  bool use_candidate = false;
  bool fingerprint = true;
  stun::Class message_class = stun::Class::request;
  std::uint16_t method = stun::kBinding;
  stun::Integrity integrity = stun::Integrity::sha1;
  std::optional<std::uint16_t> unknown = {};
  stun::TransactionId transaction = stun::newTransactionId();

  Datagram written() const {
    std::array<std::uint8_t, 1'024> buffer;
    stun::MessageWriter writer{buffer, message_class, method, transaction};
    if (!username.empty()) writer.username(username);
    if (priority) writer.priority(*priority);
    if (controlling) writer.controlling(*controlling);
    if (controlled) writer.controlled(*controlled);
    if (use_candidate) writer.useCandidate();
    if (unknown) writer.add(static_cast<stun::Attribute>(*unknown), {});
    if (!password.empty()) writer.integrity(stun::IntegrityKey{bytesOf(password)}, integrity);
    if (fingerprint) writer.fingerprint();
    return {writer.written().begin(), writer.written().end()};
  }
};

inline Datagram check(const std::function<void(Check&)>& change = [](Check&) {}) {
  Check made;
  change(made);
  return made.written();
}

// The code of an error that was made with the password; 0 for a success so made; nothing for anything else.
inline std::optional<int> statusOf(Bytes answer, std::string_view password = kPassword) {
  const auto message = stun::Message::parse(answer);
  if (!message || !stun::authenticate(*message, stun::IntegrityKey{bytesOf(password)})) return std::nullopt;
  if (message->messageClass() == stun::Class::success) return 0;
  return message->errorCode() ? std::optional{message->errorCode()->code} : std::nullopt;
}

}  // namespace sallyport::media::ice::testing
