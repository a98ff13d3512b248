// SPDX-License-Identifier: Apache-2.0
#include "net/unix_server.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "net/plain_stream.h"
#include "net/unix_address.h"

namespace sallyport::net {
namespace {

constexpr int kBacklog = 32;
constexpr mode_t kOwnerOnly = 0600;

Error unixError(int number, const std::string& path) {
  const bool denied = number == EACCES || number == EPERM || number == EROFS;
  return {ErrorKind::misconfigured, denied ? "net.unix.denied" : "net.unix.bind",
          "cannot listen on " + path + ": " + systemMessage(number)};
}

Error busy(const std::string& path) {
  return {ErrorKind::misconfigured, "net.unix.busy",
          "another process serves " + path + ": stop it, or give this one a state folder of its own"};
}

// Held for as long as the server lives, and let go by the kernel however it dies.
Result<Fd> lockBeside(const std::string& path) {
  const auto lock_path = path + ".lock";
  Fd lock{::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly)};
  if (!lock) return unixError(errno, lock_path);
  if (::flock(lock.raw(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return busy(path);
  return unixError(errno, lock_path);
}

Status clearTheWay(const std::string& path, const UnixAddress& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? success() : Status{unixError(errno, path)};
  if (!S_ISSOCK(found.st_mode)) {
    return Error{ErrorKind::misconfigured, "net.unix.path", path + " exists and is no socket: move it away"};
  }
  const Fd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!probe) return unixError(errno, path);
  const bool answered = ::connect(probe.raw(), address.raw(), address.size()) == 0 || errno == EAGAIN;
  if (answered) return busy(path);
  if (errno != ECONNREFUSED) return unixError(errno, path);
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? success() : Status{unixError(errno, path)};
}

Result<Fd> boundSocket(const std::string& path, const UnixAddress& address) {
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  // The mode of the socket is what bind() gives the file, so there is no moment at which others may open it.
  if (!socket || ::fchmod(socket.raw(), kOwnerOnly) != 0) return unixError(errno, path);
  if (::bind(socket.raw(), address.raw(), address.size()) != 0) {
    return errno == EADDRINUSE ? busy(path) : unixError(errno, path);
  }
  if (::listen(socket.raw(), kBacklog) != 0) return unixError(errno, path);
  return socket;
}

}  // namespace

class UnixClients final : public std::enable_shared_from_this<UnixClients>, private PlainStream::Owner {
 public:
  UnixClients(Loop& loop, Fd socket, UnixRequestHandler& handler, const UnixServerLimits& limits)
      : handler_(handler),
        limits_(limits),
        clients_(loop, std::move(socket), limits.clients, limits.request_bytes, *this) {
    clients_.onAccepted([this](PlainStream& stream) { stream.expectWithin(limits_.request); });
  }

  Status start() { return clients_.start(); }
  std::size_t size() const { return clients_.size(); }

  void answer(std::uint64_t id, std::string_view line) {
    auto* const stream = clients_.find(id);
    if (stream == nullptr) return;
    if (line.size() > limits_.reply_bytes) return stream->endAfterOutput();
    std::string reply{line};
    while (!reply.empty() && reply.back() == '\n') reply.pop_back();
    std::replace(reply.begin(), reply.end(), '\n', ' ');
    stream->write(reply + '\n');
    stream->expectWithin(limits_.reply);
  }
  void leaveUnanswered(std::uint64_t id) {
    if (auto* const stream = clients_.find(id)) stream->endAfterOutput();
  }

 private:
  void onInput(PlainStream& stream) override {
    auto& input = stream.input();
    const auto end = input.find('\n');
    if (end == std::string::npos) {
      if (stream.inputEnded() || stream.inputFull()) stream.endAfterOutput();
      return;
    }
    auto line = input.substr(0, end);
    input.erase(0, end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    // One at a time: the next line is looked at when this one's reply has been taken.
    stream.pauseInput();
    stream.expectWithin(limits_.reply);
    handler_.onRequest(line, UnixReply{weak_from_this(), stream.id()});
  }

  void onWritten(PlainStream& stream) override {
    stream.expectWithin(limits_.request);
    stream.resumeInput();
    if (!stream.input().empty() || stream.inputEnded()) onInput(stream);
  }

  void onEnded(PlainStream& stream) override { clients_.drop(stream); }

  UnixRequestHandler& handler_;
  const UnixServerLimits limits_;
  PlainClients clients_;
};

UnixReply::UnixReply(std::weak_ptr<UnixClients> clients, std::uint64_t client)
    : clients_(std::move(clients)), client_(client) {}

UnixReply::UnixReply(UnixReply&& other) noexcept
    : clients_(std::move(other.clients_)), client_(std::exchange(other.client_, 0)) {}

UnixReply& UnixReply::operator=(UnixReply&& other) noexcept {
  std::swap(clients_, other.clients_);
  std::swap(client_, other.client_);
  return *this;
}

UnixReply::~UnixReply() {
  const auto clients = clients_.lock();
  if (client_ != 0 && clients) clients->leaveUnanswered(client_);
}

void UnixReply::send(std::string_view line) {
  const auto client = std::exchange(client_, 0);
  const auto clients = clients_.lock();
  if (client != 0 && clients) clients->answer(client, line);
}

class UnixServer::Impl {
 public:
  Impl(std::string path, Fd lock, std::shared_ptr<UnixClients> clients)
      : path_(std::move(path)), lock_(std::move(lock)), clients_(std::move(clients)) {
    struct stat made {};
    if (::lstat(path_.c_str(), &made) == 0) inode_ = made.st_ino;
  }
  ~Impl() {
    struct stat found {};
    // Only what is still ours: an operator may have put something else there.
    if (::lstat(path_.c_str(), &found) == 0 && found.st_ino == inode_) ::unlink(path_.c_str());
  }

  Status start() { return clients_->start(); }
  std::size_t clients() const { return clients_->size(); }

 private:
  const std::string path_;
  const Fd lock_;
  std::shared_ptr<UnixClients> clients_;
  ino_t inode_ = 0;
};

Result<std::unique_ptr<UnixServer>> UnixServer::listen(Loop& loop, const std::filesystem::path& path,
                                                       UnixRequestHandler& handler, UnixServerLimits limits) {
  const auto& text = path.native();
  SP_ASSIGN(const UnixAddress address, UnixAddress::of(text));
  SP_ASSIGN(Fd lock, lockBeside(text));
  SP_TRY(clearTheWay(text, address));
  SP_ASSIGN(Fd socket, boundSocket(text, address));
  auto clients = std::make_shared<UnixClients>(loop, std::move(socket), handler, limits);
  auto impl = std::make_unique<Impl>(text, std::move(lock), std::move(clients));
  SP_TRY(impl->start());
  return std::unique_ptr<UnixServer>{new UnixServer{std::move(impl)}};
}

UnixServer::UnixServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UnixServer::~UnixServer() = default;
std::size_t UnixServer::clients() const { return impl_->clients(); }

}  // namespace sallyport::net
