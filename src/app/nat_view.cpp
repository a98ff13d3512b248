// SPDX-License-Identifier: Apache-2.0
#include "app/nat_view.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

#include "app/worker.h"
#include "call/via.h"
#include "config/text_values.h"
#include "core/special_purpose.h"

namespace sallyport::app {
namespace {

using Weight = NatFinding::Weight;
using Family = IpAddress::Family;

std::string_view nameOf(Family family) { return family == Family::v4 ? "IPv4" : "IPv6"; }

// Of "host:port".
std::string hostOf(const std::string& host_and_port) { return host_and_port.substr(0, host_and_port.rfind(':')); }

struct Told {
  std::optional<IpAddress> address;  // none: a name
  bool isPublic() const { return address && specialPurposeOf(*address) == SpecialPurpose::none; }
};

class Viewer {
 public:
  Viewer(const config::Config& config, const std::vector<IpAddress>& interfaces)
      : config_(config), interfaces_(interfaces) {}

  NatView view() {
    view_.media_ports = std::to_string(config_.media.first_port) + "-" + std::to_string(config_.media.last_port);
    const auto names = sentBy(config_);
    for (const auto& listener : config_.listeners) {
      add(listener.name, "TLS", listener.address, names.on(call::Transport::tls, listener.name), listener.advertise,
          listener.media_advertise);
    }
    if (const auto& plain = config_.unprotected_listener) {
      add(std::string{config::kUnprotectedListener}, "TCP", plain->address, names.on(call::Transport::tcp),
          plain->advertise, plain->media_advertise);
    }
    if (const auto& web = config_.web_listener) {
      add(std::string{config::kWebListener}, "WSS", web->address, names.on(call::Transport::wss), web->advertise,
          web->media_advertise);
      view_.relays = web->ice_servers;
    }
    for (const auto& peer : config_.peers) addPeer(peer);
    for (const auto& url : config_.turn.urls) addRelay(url);
    return std::move(view_);
  }

 private:
  void add(const std::string& name, const char* over, const Endpoint& bound, const std::string& signalling,
           const std::optional<config::HostPort>& advertise, const config::MediaAdvertise& media) {
    auto& way = view_.ways.emplace_back();
    way.listener = name;
    way.over = over;
    way.bound = bound.toString();
    way.signalling = signalling;
    const auto label = "listener " + name;
    const auto told = judgeSignalling(label, bound, hostOf(signalling), advertise.has_value());
    for (const auto& [family, of] :
         {std::pair{Family::v4, &config_.media.v4}, std::pair{Family::v6, &config_.media.v6}}) {
      if (!*of) continue;
      const auto& address = media.of(family) ? *media.of(family) : (*of)->announced();
      way.media.push_back(address.toString());
      judgeMedia(label, **of, address, told);
    }
    judgeFamilies(label, media);
  }

  Told judgeSignalling(const std::string& label, const Endpoint& bound, const std::string& host, bool advertised) {
    const auto address = IpAddress::parse(host);
    if (!bound.address.isUnspecified()) here(label, bound.address);
    if (address) {
      judgeAddress(label + ": Via and Contact name ", *address, "set 'advertise' of the listener");
      if (advertised) inFront(label, *address, "TCP port " + std::to_string(bound.port) + " to " + bound.toString());
      return {address};
    }
    if (advertised) {
      note("nat.name", label + ": Via and Contact name " + host + ", which is as good as what DNS says of it");
    } else {
      wildcard(label, bound, host);
    }
    return {};
  }

  // Bound to everything, and told of by our domain.
  void wildcard(const std::string& label, const Endpoint& bound, const std::string& host) {
    std::string all;
    unsigned count = 0;
    for (const auto& each : interfaces_) {
      if (each.family() != bound.address.family() || each.isLoopback()) continue;
      all += (count++ == 0 ? "" : ", ") + each.toString();
    }
    warn("nat.wildcard",
         label + " is open on every address and does not say which is meant: Via and Contact name the domain " + host,
         "advertise = the name or address that peers reach");
    if (count > 1)
      warn("nat.ambiguous", label + " is open on " + std::to_string(count) + " addresses of this host: " + all,
           "name one in 'address', or say 'advertise'");
  }

  void judgeMedia(const std::string& label, const config::MediaAddress& bound, const IpAddress& told,
                  const Told& signalling) {
    if (!bound.bind.isUnspecified()) here("[media]", bound.bind);
    if (bound.bind.isUnspecified() && told == bound.bind) return;  // refused by the configuration already
    judgeAddress(label + ": SDP and ICE name ", told,
                 "set 'media_advertise' of the listener, or 'advertise' in [media]");
    if (told != bound.bind) {
      inFront(label, told,
              "UDP ports " + view_.media_ports + " to " + bound.bind.toString() + ", each to the same number");
    }
    if (signalling.isPublic() && specialPurposeOf(told) != SpecialPurpose::none &&
        told.family() == signalling.address->family())
      warn("nat.silent",
           label + ": who is told of the public " + signalling.address->toString() + " will be sent to " +
               told.toString() + " for voice, and hear nothing",
           "media_advertise = the public address");
  }

  // What is advertised of one family only leaves the other at what is bound.
  void judgeFamilies(const std::string& label, const config::MediaAdvertise& media) {
    const auto& [v4, v6] = std::tie(config_.media.v4, config_.media.v6);
    if (!v4 || !v6) return;
    const bool first = media.v4 || v4->advertise, second = media.v6 || v6->advertise;
    if (first == second) return;
    const auto& left = first ? v6 : v4;
    note("nat.families", label + ": SDP names another address than ours for " +
                             std::string{nameOf(first ? Family::v4 : Family::v6)} + ", and for " +
                             std::string{nameOf(left->bind.family())} + " our own " + left->bind.toString());
  }

  void judgeAddress(const std::string& what, const IpAddress& address, const char* suggestion) {
    switch (specialPurposeOf(address)) {
      case SpecialPurpose::none: return;
      case SpecialPurpose::privateUse:
        return warn(
            "nat.private",
            what + address.toString() + ", a private address (RFC 1918, RFC 4193): only your own network leads there",
            suggestion);
      case SpecialPurpose::sharedSpace:
        return warn("nat.shared", what + address.toString() + ", an address behind a carrier's NAT (RFC 6598)",
                    suggestion);
      case SpecialPurpose::linkLocal:
        return warn("nat.link_local", what + address.toString() + ", which leads no further than its link", suggestion);
      case SpecialPurpose::loopback:
        return warn("nat.loopback", what + address.toString() + ", which is this host and nobody else's", suggestion);
      default: break;
    }
    warn("nat.special",
         what + address.toString() + ", no address of a host on the Internet (" +
             std::string{toString(specialPurposeOf(address))} + ")",
         suggestion);
  }

  bool isOurs(const IpAddress& address) const {
    return std::find(interfaces_.begin(), interfaces_.end(), address) != interfaces_.end();
  }
  void here(const std::string& label, const IpAddress& bound) {
    if (interfaces_.empty() || isOurs(bound)) return;
    warn("nat.absent", label + " is bound to " + bound.toString() + ", which no interface of this host has",
         "the edge will not start here");
  }
  void inFront(const std::string& label, const IpAddress& told, const std::string& forwarded) {
    if (interfaces_.empty() || isOurs(told)) return;
    note("nat.in_front", label + ": " + told.toString() +
                             " is on no interface of this host: a NAT in front of it has to forward " + forwarded);
  }

  void addPeer(const config::Peer& peer) {
    if (peer.listener.empty()) return;
    const auto found = std::find_if(view_.ways.begin(), view_.ways.end(),
                                    [&](const NatWayIn& way) { return way.listener == peer.listener; });
    if (found != view_.ways.end()) found->peers.push_back(peer.name);
  }

  // "turns:host[:port][?transport=tcp]"
  void addRelay(const std::string& url) {
    view_.relays.push_back(url);
    auto place = url.substr(url.find(':') + 1);
    place.resize(std::min(place.find('?'), place.size()));
    const auto named = config::parseHostPort(place);
    if (const auto address = named ? IpAddress::parse(named->host) : std::nullopt)
      judgeAddress("[turn]: clients are given ", *address, "urls = the name or address that clients reach");
  }

  void say(Weight weight, const char* code, std::string text, std::string suggestion) {
    if (!said_.insert(text).second) return;
    view_.findings.push_back({weight, code, std::move(text), std::move(suggestion)});
  }
  void warn(const char* code, std::string text, std::string suggestion) {
    say(Weight::warning, code, std::move(text), std::move(suggestion));
  }
  void note(const char* code, std::string text) { say(Weight::note, code, std::move(text), {}); }

  const config::Config& config_;
  const std::vector<IpAddress>& interfaces_;
  NatView view_;
  std::set<std::string> said_;
};

}  // namespace

NatView natView(const config::Config& config, const std::vector<IpAddress>& interfaces) {
  return Viewer{config, interfaces}.view();
}

std::vector<IpAddress> interfaceAddresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owned{list, &freeifaddrs};
  std::vector<IpAddress> addresses;
  for (const auto* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0) continue;
    if (each->ifa_addr->sa_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, each->ifa_addr, sizeof in);
      std::array<std::uint8_t, 4> octets{};
      std::memcpy(octets.data(), &in.sin_addr, octets.size());
      addresses.push_back(IpAddress::v4(octets));
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 in{};
      std::memcpy(&in, each->ifa_addr, sizeof in);
      std::array<std::uint8_t, 16> octets{};
      std::memcpy(octets.data(), &in.sin6_addr, octets.size());
      addresses.push_back(IpAddress::v6(octets));
    }
  }
  return addresses;
}

}  // namespace sallyport::app
