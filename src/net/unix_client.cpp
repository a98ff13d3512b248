// SPDX-License-Identifier: Apache-2.0
// The command line's side of the control socket.
#include <poll.h>

#include <array>
#include <cerrno>

#include "net/unix_address.h"
#include "net/unix_server.h"

namespace sallyport::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error clientError(const char* code, const std::filesystem::path& path, std::string_view what) {
  return {ErrorKind::unavailable, code, path.native() + ": " + std::string{what}};
}

bool retriable(int number) { return number == EAGAIN || number == EWOULDBLOCK || number == EINTR; }

// Waits until `events`; false at the deadline.
bool await(const Fd& socket, short events, SteadyClock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    if (left <= 0) return false;
    pollfd one{socket.raw(), events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Result<Fd> connectTo(const std::filesystem::path& path) {
  SP_ASSIGN(const UnixAddress address, UnixAddress::of(path.native()));
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return clientError("net.unix.absent", path, systemMessage(errno));
  if (::connect(socket.raw(), address.raw(), address.size()) == 0) return socket;
  switch (errno) {
    case EACCES:
    case EPERM: return clientError("net.unix.denied", path, "belongs to another user: run as that user, or as root");
    case ENOENT: return clientError("net.unix.absent", path, "no such socket: is the edge running?");
    case ECONNREFUSED: return clientError("net.unix.absent", path, "nobody answers: the edge has died or was killed");
    case EAGAIN: return clientError("net.unix.timeout", path, "too many clients are waiting already");
    default: return clientError("net.unix.absent", path, systemMessage(errno));
  }
}

}  // namespace

Result<std::string> askUnixServer(const std::filesystem::path& path, std::string_view line, Duration deadline) {
  const auto give_up = SteadyClock::now() + deadline;
  SP_ASSIGN(const Fd socket, connectTo(path));
  std::string request{line};
  request += '\n';
  for (std::size_t sent = 0; sent < request.size();) {
    const auto count = ::send(socket.raw(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else if (!retriable(errno)) {
      return clientError("net.unix.closed", path, systemMessage(errno));
    } else if (!await(socket, POLLOUT, give_up)) {
      return clientError("net.unix.timeout", path, "the request was not taken in time");
    }
  }
  std::string reply;
  std::array<char, 16 * 1'024> bytes;
  for (;;) {
    const auto count = ::recv(socket.raw(), bytes.data(), bytes.size(), 0);
    if (count > 0) {
      reply.append(bytes.data(), static_cast<std::size_t>(count));
      if (reply.back() != '\n') continue;
      reply.pop_back();
      return reply;
    }
    if (count == 0 || !retriable(errno)) return clientError("net.unix.closed", path, "ended without a reply");
    if (!await(socket, POLLIN, give_up)) return clientError("net.unix.timeout", path, "no reply in time");
  }
}

}  // namespace sallyport::net
