// SPDX-License-Identifier: Apache-2.0
#include "call/own_names.h"

#include <algorithm>

namespace sallyport::call {

std::string nameOf(const config::Listener& listener, const config::Config& config) {
  const auto port = ":" + std::to_string(listener.address.port);
  if (listener.advertise)
    return listener.advertise->port ? listener.advertise->toString() : listener.advertise->host + port;
  const auto& address = listener.address.address;
  return (address.isUnspecified() ? config.edge.domains.front() : hostText(address)) + port;
}

config::MediaAdvertise announcedBy(const config::Config& config, std::string_view listener) {
  if (config.web_listener && listener == config::kWebListener) return config.web_listener->media_advertise;
  if (config.unprotected_listener && listener == config::kUnprotectedListener)
    return config.unprotected_listener->media_advertise;
  const auto found = std::find_if(config.listeners.begin(), config.listeners.end(),
                                  [&](const config::Listener& each) { return each.name == listener; });
  return found == config.listeners.end() ? config::MediaAdvertise{} : found->media_advertise;
}

MediaPlace mediaPlaceOf(const config::Config& config, const PeerPolicy& peer, const FlowFacts* facts,
                        IpAddress::Family family) {
  const bool came = peer.listener.empty() && facts != nullptr;
  return {facts != nullptr ? facts->remote.address.family() : family,
          announcedBy(config, came ? facts->listener : peer.listener)};
}

}  // namespace sallyport::call
