// SPDX-License-Identifier: Apache-2.0
#include "net/tls_connection.h"

#include "net/tls_stream.h"

namespace sallyport::net {

TlsConnection::TlsConnection(std::unique_ptr<TlsStream> stream) : stream_(std::move(stream)) {}

// The stream may be what is calling: it lives on, deaf and dumb, until the end of the turn.
TlsConnection::~TlsConnection() {
  stream_->abandon();
  auto& loop = stream_->loop();
  loop.retire(std::move(stream_));
}

void TlsConnection::setHandler(TlsHandler& handler) { stream_->setHandler(handler); }
Status TlsConnection::send(std::string_view bytes) { return stream_->send(bytes); }
std::size_t TlsConnection::outputPending() const { return stream_->outputPending(); }
void TlsConnection::close(Error reason) { stream_->close(std::move(reason)); }
void TlsConnection::messageBegun(Duration limit) { stream_->messageBegun(limit); }
void TlsConnection::keepOpen() { stream_->keepOpen(); }
void TlsConnection::messageComplete() { stream_->messageComplete(); }
const crypto::VerifiedPeer* TlsConnection::peer() const { return stream_->peer(); }
const Endpoint& TlsConnection::remote() const { return stream_->remote(); }
const Endpoint& TlsConnection::local() const { return stream_->local(); }
StreamSecurity TlsConnection::security() const { return stream_->security(); }
TlsFacts TlsConnection::facts() const { return stream_->facts(); }
TlsTraffic TlsConnection::traffic() const { return stream_->traffic(); }
bool TlsConnection::open() const { return stream_->open(); }

}  // namespace sallyport::net
