// SPDX-License-Identifier: Apache-2.0
#include "telemetry/line_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

namespace sallyport::telemetry {
namespace {

constexpr int kPatienceMs = 100;  // between looks at `give_up`

Result<int> openForAppending(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (descriptor >= 0) return descriptor;
  return Error{ErrorKind::misconfigured, "log.file.unwritable",
               file.string() + ": " + std::generic_category().message(errno)};
}

}  // namespace

LineWriter::LineWriter(LineWriter&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(std::exchange(other.owned_, false)),
      torn_(other.torn_) {}

LineWriter::~LineWriter() {
  if (owned_) ::close(descriptor_);
}

Result<LineWriter> LineWriter::openFile(const std::filesystem::path& file) {
  SP_ASSIGN(const int descriptor, openForAppending(file));
  LineWriter writer{descriptor};
  writer.owned_ = true;
  return writer;
}

bool LineWriter::write(std::string_view line, const std::atomic<bool>& give_up) {
  if (torn_ && !writeAll("\n", give_up)) return false;
  torn_ = false;
  return writeAll(line, give_up);
}

// A pipe that poll() calls writable takes PIPE_BUF bytes without blocking, so that a reader who has
// stopped cannot hold this thread for ever.
bool LineWriter::writeAll(std::string_view bytes, const std::atomic<bool>& give_up) {
  const auto whole = bytes.size();
  while (!bytes.empty()) {
    pollfd ready{descriptor_, POLLOUT, 0};
    const int polled = ::poll(&ready, 1, give_up.load(std::memory_order_relaxed) ? 0 : kPatienceMs);
    if (polled == 0 || (polled < 0 && errno == EINTR)) {
      if (!give_up.load(std::memory_order_relaxed)) continue;
      torn_ = torn_ || bytes.size() < whole;
      return false;
    }
    const auto written = ::write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0 || (errno != EINTR && errno != EAGAIN)) {
      torn_ = torn_ || bytes.size() < whole;
      return false;
    }
  }
  return true;
}

Status LineWriter::reopen(const std::filesystem::path& file) {
  SP_ASSIGN(const int descriptor, openForAppending(file));
  if (owned_) ::close(descriptor_);
  descriptor_ = descriptor;
  owned_ = true;
  torn_ = false;
  return success();
}

}  // namespace sallyport::telemetry
