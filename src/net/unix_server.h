// SPDX-License-Identifier: Apache-2.0
#pragma once
// The control socket: a unix stream socket that only its owner may open (0600). Requests and replies are
// lines; each request is answered by one line, in order. Bounded in clients, line length and time.
// On the thread of its loop, usually the main one.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "net/loop.h"

namespace sallyport::net {

struct UnixServerLimits {
  std::size_t clients = 32;
  std::size_t request_bytes = 64 * 1'024;
  std::size_t reply_bytes = 64 * 1'024 * 1'024;
  Duration request = std::chrono::seconds{10};  // from the last reply to a whole line
  Duration reply = std::chrono::seconds{30};    // for the client to take it
};

class UnixClients;

// The answer owed to one request: given at once or later, on the loop's thread. Letting it go unanswered
// closes the client's connection; answering a client that has left is harmless.
class [[nodiscard]] UnixReply {
 public:
  UnixReply(UnixReply&& other) noexcept;
  UnixReply& operator=(UnixReply&& other) noexcept;
  ~UnixReply();

  void send(std::string_view line);  // line breaks within it become spaces

 private:
  friend class UnixClients;
  UnixReply(std::weak_ptr<UnixClients> clients, std::uint64_t client);

  std::weak_ptr<UnixClients> clients_;
  std::uint64_t client_ = 0;  // 0: answered
};

class UnixRequestHandler {
 public:
  virtual ~UnixRequestHandler() = default;
  virtual void onRequest(std::string_view line, UnixReply reply) = 0;
};

class UnixServer {
 public:
  // A socket that a dead process left behind is removed. Errors: "net.unix.busy" (misconfigured: a live
  // process answers there), "net.unix.path" (too long, or something that is not a socket is in the way),
  // "net.unix.denied", "net.unix.bind".
  static Result<std::unique_ptr<UnixServer>> listen(Loop& loop, const std::filesystem::path& path,
                                                    UnixRequestHandler& handler, UnixServerLimits limits = {});
  ~UnixServer();  // removes the socket
  UnixServer(const UnixServer&) = delete;
  UnixServer& operator=(const UnixServer&) = delete;

  std::size_t clients() const;

 private:
  class Impl;
  explicit UnixServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

// One request, one reply, blocking: for the command line. Errors (unavailable): "net.unix.absent" (no
// socket there, or nobody behind it), "net.unix.denied", "net.unix.timeout", "net.unix.closed" (no reply).
Result<std::string> askUnixServer(const std::filesystem::path& path, std::string_view line, Duration deadline);

}  // namespace sallyport::net
