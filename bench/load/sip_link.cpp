// SPDX-License-Identifier: Apache-2.0
#include "load/sip_link.h"

#include "crypto/random.h"
#include "crypto/trust.h"

namespace sallyport::load {

Result<TlsSide> TlsSide::load(const KeyFiles& files, const Options& options, const Clock& clock) {
  SP_ASSIGN(auto identity, crypto::LocalIdentity::load(files.certificate, files.key));
  SP_ASSIGN(auto anchors, crypto::TrustAnchors::load({{options.ca}, {}}));
  crypto::PeerEntry server;
  server.name = "server";
  server.identities = {{crypto::SanKind::dns, options.server_name}};
  server.anchors = std::move(anchors);
  std::vector<crypto::PeerEntry> entries;
  entries.push_back(std::move(server));
  SP_ASSIGN(auto peers, crypto::PeerDirectory::build(std::move(entries)));

  crypto::TlsClientSettings client;
  client.identity = identity;
  client.peers = peers;
  client.clock = &clock;
  client.server_name = options.server_name;
  crypto::TlsServerSettings serving;
  serving.identities = {std::move(identity)};
  serving.peers = std::move(peers);
  serving.clock = &clock;
  TlsSide side;
  SP_ASSIGN(side.client, crypto::TlsClientContext::create(std::move(client)));
  SP_ASSIGN(side.server, crypto::TlsServerContext::create(std::move(serving)));
  return side;
}

SipLink::SipLink(std::unique_ptr<net::TlsConnection> connection, Owner& owner)
    : connection_(std::move(connection)), owner_(owner) {
  connection_->setHandler(*this);
}

std::string SipLink::via() const {
  return "SIP/2.0/TLS " + local().toString() + ";branch=z9hG4bK" + crypto::randomToken(16) + ";rport";
}

void SipLink::onBytes(std::string_view bytes) {
  framer_.append(bytes);
  while (true) {
    auto event = framer_.next();
    if (!event) return connection_->close(std::move(event).error());
    if (std::holds_alternative<sip::StreamFramer::NeedMore>(*event)) return;
    if (std::holds_alternative<sip::StreamFramer::Ping>(*event)) send("\r\n");
    auto* frame = std::get_if<sip::StreamFramer::Frame>(&*event);
    if (frame == nullptr) continue;
    auto message = sip::Message::parse(std::move(frame->bytes));
    if (!message) return connection_->close(std::move(message).error());
    owner_.onMessage(*this, *std::move(message));
  }
}

std::unique_ptr<net::Dial> dialServer(net::Loop& loop, const Options& options, const TlsSide& side,
                                      net::DialCallback done) {
  net::DialLimits limits;
  limits.connect = limits.deadlines.handshake = std::chrono::seconds{20};
  return net::Dial::start(loop, net::DialTarget{{options.server}, side.client}, limits, std::move(done));
}

}  // namespace sallyport::load
