// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/sas_prompt.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sip/header_values.h"

namespace sallyport::phone {
namespace {

constexpr std::size_t kLongestLine = 64;  // a longer one is cut, and no answer

SasReply read(std::string_view line) {
  const auto is = [line](std::string_view word) { return sip::equalsIgnoringCase(line, word); };
  if (is("y") || is("yes")) return SasReply::same;
  if (is("n") || is("no")) return SasReply::different;
  return SasReply::unclear;
}

}  // namespace

void SasPrompt::ask(Conversation& conversation) {
  conversation_ = &conversation;
  line_.clear();
  ::tcflush(input_, TCIFLUSH);  // says so, and does nothing, where there is no terminal
  if (watch_.active()) return;
  auto watch = loop_.watch(input_, net::kReadable, *this);
  if (!watch) return onEnd();  // a file, or nothing: neither is somebody
  watch_ = *std::move(watch);
}

void SasPrompt::onReady(net::ReadyEvents) {
  std::array<char, kLongestLine> buffer;
  const auto count = ::read(input_, buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count <= 0) return onEnd();
  for (const char c : std::string_view{buffer.data(), static_cast<std::size_t>(count)}) {
    if (c == '\n') {
      reply(read(std::exchange(line_, {})));
    } else if (line_.size() < kLongestLine && c != '\r') {
      line_ += c;
    }
  }
}

void SasPrompt::onEnd() {
  watch_.reset();
  reply(SasReply::none);
  conversation_ = nullptr;
}

void SasPrompt::reply(SasReply reply) {
  if (conversation_ != nullptr) replied_(*conversation_, reply);
}

}  // namespace sallyport::phone
