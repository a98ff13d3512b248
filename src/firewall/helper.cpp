// SPDX-License-Identifier: Apache-2.0
#include "firewall/helper.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "firewall/confinement.h"
#include "firewall/nft.h"

namespace sallyport::firewall {
namespace {

constexpr timeval kPatience{5, 0};  // a transaction takes a millisecond

Error gone(const char* what) {
  return {ErrorKind::unavailable, "firewall.helper.gone", std::string{what} + ": " + std::strerror(errno)};
}

Reply answer(Bytes message, PinholeTable& table) {
  const auto request = decodeRequest(message);
  if (request) return table.handle(*request);
  auto reply = table.handle({});  // as things stand
  reply.outcomes = {Outcome::malformed};
  reply.detail = request.error().code;
  return reply;
}

// The edge ends it by closing the socket; a signal to the whole group is the edge's to drain on.
void ignoreSignals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2}) (void)signal(number, SIG_IGN);
}

Status live(const Fd& socket, const HelperSettings& settings) {
  (void)prctl(PR_SET_NAME, "sallyport-nft", 0, 0, 0);
  ignoreSignals();
  closeAllBut(socket.raw());
  SP_TRY(keepOnlyNetAdmin(settings.user));
  SP_ASSIGN(const auto kernel, Nft::open());
  SP_TRY(keepOnlyNetlinkCalls());
  PinholeTable table{settings.scope, settings.on_full, *kernel};
  serve(socket, table);
  return success();
}

}  // namespace

void serve(const Fd& socket, PinholeTable& table) {
  std::array<std::uint8_t, kLongestMessage> buffer;
  for (;;) {
    const auto length = recv(socket.raw(), buffer.data(), buffer.size(), 0);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break;
    const auto reply = encode(answer(Bytes{buffer}.first(static_cast<std::size_t>(length)), table));
    if (send(socket.raw(), reply.data(), reply.size(), MSG_NOSIGNAL) < 0) break;
  }
  table.tearDown();
}

Helper::~Helper() {
  socket_.reset();
  if (process_ > 0) (void)waitpid(process_, nullptr, 0);
}

Result<Reply> Helper::ask(Request request) {
  request.sequence = ++sequence_;
  const auto message = encode(request);
  if (send(socket_.raw(), message.data(), message.size(), MSG_NOSIGNAL) < 0) return gone("sending to it");
  std::array<std::uint8_t, kLongestMessage> buffer;
  for (;;) {
    const auto length = recv(socket_.raw(), buffer.data(), buffer.size(), 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return Error{ErrorKind::unavailable, "firewall.helper.silent", "no answer in five seconds"};
    if (length == 0) return Error{ErrorKind::unavailable, "firewall.helper.gone", "it has ended"};
    if (length < 0) return gone("hearing from it");
    SP_ASSIGN(auto reply, decodeReply(Bytes{buffer}.first(static_cast<std::size_t>(length))));
    if (reply.sequence == request.sequence) return reply;
  }
}

Result<Helper> startHelper(const HelperSettings& settings) {
  SP_TRY(mayChangeTables());
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return Error{ErrorKind::unavailable, "firewall.helper.fork", std::strerror(errno)};
  Fd ours{ends[0]}, theirs{ends[1]};
  (void)setsockopt(ours.raw(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  (void)setsockopt(ours.raw(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const auto process = fork();
  if (process < 0) return Error{ErrorKind::unavailable, "firewall.helper.fork", std::strerror(errno)};
  if (process == 0) {
    const auto lived = live(theirs, settings);
    if (!lived) std::fprintf(stderr, "sallyport: %s\n", describe(lived.error()).c_str());
    _exit(lived ? 0 : 1);
  }
  theirs.reset();
  Helper helper{std::move(ours), process};
  SP_ASSIGN(const auto reply, helper.ask({Request::Kind::setUp, 0, {}}));
  if (reply.standing != Standing::filtering) return Error{ErrorKind::unavailable, "firewall.refused", reply.detail};
  return helper;
}

}  // namespace sallyport::firewall
