// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asks on the terminal whether the two people read each other the same words (RFC 6189 7), and reads the answer line by
// line from standard input. Owned by a PhoneSession, on its loop's thread.

#include <string>

#include "net/loop.h"
#include "phone/conversation.h"

namespace sallyport::phone {

class SasPrompt final : private net::Pollable {
 public:
  explicit SasPrompt(net::Loop& loop) : loop_(loop) {}

  // About this conversation from now on, until somebody answers or it is over. Error: "net.loop.watch".
  Status ask(Conversation& conversation);
  void forget(const Conversation& conversation) {
    if (conversation_ == &conversation) conversation_ = nullptr;
  }

 private:
  void onReady(net::ReadyEvents events) override;
  void onLine(std::string_view line);

  net::Loop& loop_;
  net::Watch watch_;
  std::string line_;
  Conversation* conversation_ = nullptr;
};

}  // namespace sallyport::phone
