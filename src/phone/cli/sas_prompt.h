// SPDX-License-Identifier: Apache-2.0
#pragma once
// Hears on a terminal, or from a pipe, whether the two people read each other the same words (RFC 6189 7): a line with
// y or n. Whoever asks shows the words and the question. Owned by a PhoneSession, on its loop's thread.

#include <functional>
#include <string>
#include <string_view>

#include "net/loop.h"
#include "phone/conversation.h"

namespace sallyport::phone {

enum class SasReply : std::uint8_t {
  same,
  different,
  unclear,  // to be asked again
  none,     // nobody is there to answer; the last that is heard
};

class SasPrompt final : private net::Pollable {
 public:
  using Replied = std::function<void(Conversation&, SasReply)>;
  // `input` is read, and stays its owner's.
  SasPrompt(net::Loop& loop, int input, Replied replied) : loop_(loop), input_(input), replied_(std::move(replied)) {}

  // About this conversation from now on, until it is over: a `same` may be taken back. What was typed on a terminal
  // before is no answer. May reply at once.
  void ask(Conversation& conversation);
  void forget(const Conversation& conversation) {
    if (conversation_ == &conversation) conversation_ = nullptr;
  }

 private:
  void onReady(net::ReadyEvents events) override;
  void onEnd();
  void reply(SasReply reply);

  net::Loop& loop_;
  const int input_;
  const Replied replied_;
  net::Watch watch_;
  std::string line_;
  Conversation* conversation_ = nullptr;
};

}  // namespace sallyport::phone
