// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/sas_prompt.h"

#include <unistd.h>

#include <array>

namespace sallyport::phone {
namespace {

constexpr std::size_t kLongestLine = 64;  // of which only the first letter counts

}  // namespace

Status SasPrompt::ask(Conversation& conversation) {
  conversation_ = &conversation;
  if (watch_.active()) return success();
  SP_ASSIGN(watch_, loop_.watch(STDIN_FILENO, net::kReadable, *this));
  return success();
}

void SasPrompt::onReady(net::ReadyEvents) {
  std::array<char, kLongestLine> buffer;
  const auto count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (count <= 0) return watch_.reset();  // nobody is there to answer
  for (const char c : std::string_view{buffer.data(), static_cast<std::size_t>(count)}) {
    if (c == '\n') {
      onLine(std::exchange(line_, {}));
    } else if (line_.size() < kLongestLine) {
      line_ += c;
    }
  }
}

void SasPrompt::onLine(std::string_view line) {
  if (conversation_ == nullptr || line.empty()) return;
  if (line.front() == 'y') conversation_->setSas(MediaSession::Comparison::same);
  if (line.front() == 'n') conversation_->setSas(MediaSession::Comparison::different);
}

}  // namespace sallyport::phone
