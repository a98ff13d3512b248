// SPDX-License-Identifier: Apache-2.0
#pragma once
// The called side: listens for the server, rings and answers every INVITE at once, says 200 to the rest.

#include <memory>
#include <vector>

#include "load/media_ends.h"
#include "load/options.h"
#include "load/sip_link.h"
#include "net/tls_listener.h"

namespace sallyport::load {

class Callee final : public SipLink::Owner, private net::TlsListenerObserver {
 public:
  // `media` null: calls are answered with keys and an address at which nobody listens.
  Callee(net::Loop& loop, const Options& options, TlsSide side, MediaEnds* media);

  Status listen();
  const std::string& trouble() const { return trouble_; }  // the last that went wrong; empty: nothing

 private:
  void onMessage(SipLink& link, sip::Message message) override;
  void onLinkClosed(SipLink& link, const Error& reason) override;
  void onConnection(std::unique_ptr<net::TlsConnection> connection) override;
  void onRefused(const Endpoint& source, const Error& reason) override;
  void onHandshakeFailed(const Endpoint& source, const Error& reason) override;

  void onInvite(SipLink& link, const sip::Message& invite);
  Result<std::string> answerTo(const sip::Message& invite);

  net::Loop& loop_;
  const Options& options_;
  TlsSide side_;
  MediaEnds* media_;
  std::unique_ptr<net::TlsListener> listener_;
  std::vector<std::unique_ptr<SipLink>> links_;
  std::string trouble_;
};

}  // namespace sallyport::load
