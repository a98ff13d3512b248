// SPDX-License-Identifier: Apache-2.0
#pragma once
// The phone's registration at its edge (RFC 3261 10.2, RFC 5626): REGISTER on one connection, again before it runs
// out and on every new connection, and the last one that takes it back. Sends through the transaction layer, tells
// its events; opens no socket, reads no clock.
//
// Owned by the UserAgent, on its thread.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "phone/call.h"

namespace sallyport::phone {

struct Registered {
  std::string aor;      // "sip:alice@example.com"
  std::string contact;  // as the edge lists ours
  std::chrono::seconds expires{};
};

class RegistrationEvents {
 public:
  virtual ~RegistrationEvents() = default;
  virtual void onRegistered(const Registered& registered) = 0;
  // What cannot be mended by trying again; `status` is 0 where there was no answer. After a passing failure it goes on.
  virtual void onRegistrationFailed(const Error& error, int status) = 0;
  virtual void onUnregistered() = 0;  // taken back, or given up taking it back
};

class Registration final : public RequestOwner {
 public:
  Registration(CallHost& host, RegistrationEvents& events, std::chrono::seconds expires);

  // Registers on this connection, in place of an earlier one.
  void start(LocalParty local, sip::FlowId flow);
  void leave();

  void flowClosed(sip::FlowId flow);
  void advance();
  std::optional<TimePoint> deadline() const { return again_at_; }

  void onResponse(sip::ClientTransactionId id, const sip::Message& response) override;
  void onClientFailure(sip::ClientTransactionId id, const Error& error) override;
  bool isEnded() const override { return false; }  // as long as its phone

 private:
  void send(const Account::Header* authorization);
  void onSuccess(const sip::Message& response);
  void onRefused(const sip::Message& response);
  void stop(const Error& error, int status);

  CallHost& host_;
  RegistrationEvents& events_;
  std::chrono::seconds expires_;
  const std::string instance_, call_id_, tag_;
  LocalParty local_;
  std::optional<sip::FlowId> flow_;
  std::optional<sip::ClientTransactionId> outstanding_;
  std::uint32_t cseq_ = 0;
  std::shared_ptr<Account::Attempts> attempts_;
  std::optional<TimePoint> again_at_;
  bool leaving_ = false, registered_ = false;
};

}  // namespace sallyport::phone
