// SPDX-License-Identifier: Apache-2.0
#pragma once
// One server and one client transaction as the layer holds them: the machine, the bytes it may have to
// repeat, its two timers. Private to TransactionLayer.

#include <memory>
#include <string>
#include <variant>

#include "sip/invite_client_transaction.h"
#include "sip/invite_server_transaction.h"
#include "sip/non_invite_client_transaction.h"
#include "sip/non_invite_server_transaction.h"
#include "sip/timer_lanes.h"
#include "sip/transaction_layer_table.h"

namespace sallyport::sip {

// At any time a machine runs at most one timer that repeats a message (A, E, G) and one that ends a
// state (all others): arming the second kind replaces the one before.
struct TransactionTimers {
  TimerNode repeating;
  TimerNode ending;

  TimerNode& operator[](Timer timer) {
    return timer == Timer::a || timer == Timer::e || timer == Timer::g ? repeating : ending;
  }
};

// RFC 3261 17.2.3, for branches without the cookie: the To tags, which a key cannot hold.
struct LegacyTags {
  std::string of_request;
  std::string of_response;
};

struct ServerRecord : TableEntry<ServerRecord> {
  std::variant<std::monostate, InviteServerTransaction, NonInviteServerTransaction> machine;
  Method method = Method::other;
  bool cancelled = false;  // onCancel has been called
  std::unique_ptr<LegacyTags> legacy;
  std::unique_ptr<std::string> of_success;  // header lines for our 2xx
  std::string kept;
  TransactionTimers timers;

  void clear() {
    machine = std::monostate{};
    cancelled = false;
    legacy.reset();
    of_success.reset();
    std::string{}.swap(kept);
  }
};

struct ClientRecord : TableEntry<ClientRecord> {
  std::variant<std::monostate, InviteClientTransaction, NonInviteClientTransaction> machine;
  Method method = Method::other;
  std::string kept;  // the request; once a non-2xx final response has come, its ACK
  TransactionTimers timers;

  void clear() {
    machine = std::monostate{};
    std::string{}.swap(kept);
  }
};

}  // namespace sallyport::sip
