// SPDX-License-Identifier: Apache-2.0
#include "net/web_listener.h"

#include <unordered_map>

#include "net/web_client.h"

namespace sallyport::net {

class WebListener::Impl final : private TlsListenerObserver, private WebClient::Owner {
 public:
  Impl(Loop& loop, WebListenerLimits limits, std::shared_ptr<const WebRules> rules, WebListenerObserver& observer)
      : loop_(loop), limits_(std::move(limits)), rules_(std::move(rules)), observer_(observer) {}

  Status listen(const Endpoint& local, PortSharing sharing, std::shared_ptr<const crypto::TlsServerContext> context) {
    SP_ASSIGN(listener_, TlsListener::listen(loop_, local, sharing, std::move(context), limits_.tls, *this));
    return success();
  }
  void stop() {
    listener_->stop();
    clients_.clear();
  }
  void adopt(std::shared_ptr<const WebRules> rules) { rules_ = std::move(rules); }
  TlsListener& listener() { return *listener_; }
  std::size_t clients() const { return clients_.size(); }

 private:
  void onConnection(std::unique_ptr<TlsConnection> connection) override {
    auto client = std::make_unique<WebClient>(std::move(connection), static_cast<WebClient::Owner&>(*this));
    auto* const key = client.get();
    clients_.emplace(key, std::move(client));
  }
  void onRefused(const Endpoint& source, const Error& reason) override { observer_.onRefused(source, reason); }
  void onHandshakeFailed(const Endpoint& source, const Error& reason) override {
    observer_.onHandshakeFailed(source, reason);
  }

  const WebRules& rules() const override { return *rules_; }
  const WebListenerLimits& limits() const override { return limits_; }
  void onRequestRefused(WebClient& client, const Error& reason) override {
    observer_.onRequestRefused(client.remote(), reason);
  }
  void onUpgraded(WebClient& client, std::unique_ptr<TlsConnection> connection, std::string input) override {
    onGone(client);
    observer_.onWebSocket(std::move(connection), std::move(input));
  }
  void onGone(WebClient& client) override {
    if (auto node = clients_.extract(&client)) loop_.retire(std::move(node.mapped()));
  }

  Loop& loop_;
  const WebListenerLimits limits_;
  std::shared_ptr<const WebRules> rules_;
  WebListenerObserver& observer_;
  std::unique_ptr<TlsListener> listener_;
  std::unordered_map<WebClient*, std::unique_ptr<WebClient>> clients_;
};

Result<std::unique_ptr<WebListener>> WebListener::listen(Loop& loop, const Endpoint& local, PortSharing sharing,
                                                         std::shared_ptr<const crypto::TlsServerContext> context,
                                                         WebListenerLimits limits,
                                                         std::shared_ptr<const WebRules> rules,
                                                         WebListenerObserver& observer) {
  auto impl = std::make_unique<Impl>(loop, std::move(limits), std::move(rules), observer);
  SP_TRY(impl->listen(local, sharing, std::move(context)));
  return std::unique_ptr<WebListener>{new WebListener{std::move(impl)}};
}

WebListener::WebListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebListener::~WebListener() = default;

Status WebListener::start() { return impl_->listener().start(); }
void WebListener::stop() { impl_->stop(); }
void WebListener::adopt(std::shared_ptr<const WebRules> rules) { impl_->adopt(std::move(rules)); }
const Endpoint& WebListener::local() const { return impl_->listener().local(); }
std::size_t WebListener::connections() const { return impl_->listener().connections(); }
std::size_t WebListener::clients() const { return impl_->clients(); }

}  // namespace sallyport::net
