// SPDX-License-Identifier: Apache-2.0
// The layer of unprotected peers: the bytes as they are.
#include "net/byte_layer.h"
#include "net/socket.h"

namespace sallyport::net {
namespace {

class PlainLayer final : public ByteLayer {
 public:
  explicit PlainLayer(TlsSocket& socket) : socket_(socket) {}

  Step open() override { return Step::done; }
  Result<std::optional<crypto::VerifiedPeer>> peer() const override { return std::optional<crypto::VerifiedPeer>{}; }

  Moved read(std::span<char> out) override {
    const int count = socket_.read(out.data(), static_cast<int>(out.size()));
    if (count > 0) return {Step::done, static_cast<std::size_t>(count)};
    if (count == 0) return {Step::ended, 0};
    return {socket_.systemError() == 0 ? Step::wantsInput : Step::failed, 0};
  }

  Moved write(std::string_view bytes) override {
    const int count = socket_.write(bytes.data(), static_cast<int>(bytes.size()));
    if (count >= 0) return {Step::done, static_cast<std::size_t>(count)};
    return {socket_.systemError() == 0 ? Step::wantsOutput : Step::failed, 0};
  }

  Step sayGoodbye() override { return Step::done; }
  bool holdsInput() const override { return false; }
  TlsFacts facts() const override { return {}; }
  Error reason() override {
    if (socket_.systemError() == 0) return {ErrorKind::unavailable, "net.peer.closed", "the peer said that it is done"};
    return {ErrorKind::unavailable, "net.peer.reset", systemMessage(socket_.systemError())};
  }

 private:
  TlsSocket& socket_;
};

}  // namespace

std::unique_ptr<ByteLayer> plainLayer(TlsSocket& socket) { return std::make_unique<PlainLayer>(socket); }

}  // namespace sallyport::net
