// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a domain to the servers that answer for it: RFC 3263 4 for one transport, which is TLS unless a peer
// is explicitly unprotected. NAPTR, SRV (RFC 2782), A and AAAA, as a machine that says what to ask and takes
// the answers; it does not ask. A numeric host asks nothing, an explicit port asks neither NAPTR nor SRV.
//
// The DNS is not believed: wherever it leads, the identity to expect there is the domain that was asked for
// (RFC 3263 4, RFC 5922 4), and a special-purpose address is not used unless the query allows it. Bounded:
// kMostServices services, kMostCandidates addresses, whatever is answered.
//
// Reads no clock; randomness is an argument. Owned by whoever asks.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dns.h"
#include "core/endpoint.h"
#include "core/result.h"

namespace sallyport::sip {

inline constexpr std::size_t kMostServices = 16;
inline constexpr std::size_t kMostCandidates = 32;

// A number in [0, bound), each as likely as the others; bound is never 0.
using RandomBelow = std::function<std::uint32_t(std::uint32_t bound)>;

// As SRV ranks servers, and as configuration does.
struct ServerRank {
  std::uint16_t priority = 0;  // lowest first
  std::uint16_t weight = 0;    // share within a priority
  friend bool operator==(const ServerRank&, const ServerRank&) = default;
};

// The order in which to try: indices into `ranks` by priority, weighted at random within one (RFC 2782).
std::vector<std::size_t> orderByRank(const std::vector<ServerRank>& ranks, const RandomBelow& random);

struct ServerQuery {
  enum class Transport : std::uint8_t { tls, unprotected };  // unprotected: TCP without TLS
  enum class Scheme : std::uint8_t { sip, sips };

  std::string host;  // a domain, or an address as hostText() prints it
  std::optional<std::uint16_t> port;
  Transport transport = Transport::tls;
  Scheme scheme = Scheme::sip;
  // What we can reach, preferred first; addresses of a family that is not here are left out.
  std::vector<IpAddress::Family> families{IpAddress::Family::v6, IpAddress::Family::v4};
  std::vector<IpNetwork> networks;  // special-purpose addresses in these are believed
};

// Where to connect and whom to expect there. Made by a location only, so that the two stay together.
class Candidate {
 public:
  const Endpoint& endpoint() const { return endpoint_; }
  // The host that was asked for: what the server's certificate must name, never what the DNS led to.
  const std::string& identity() const { return identity_; }

 private:
  friend class Located;
  Candidate(const Endpoint& endpoint, std::string identity) : endpoint_(endpoint), identity_(std::move(identity)) {}

  Endpoint endpoint_;
  std::string identity_;
};

struct LocatedServer {
  ServerRank rank;
  std::string host;                 // where the DNS led: for the log, not to be verified against
  std::vector<Endpoint> addresses;  // in the order to try; never empty
};

// What a location came to.
class Located {
 public:
  const std::vector<LocatedServer>& servers() const { return servers_; }  // never empty
  std::chrono::seconds ttl() const { return ttl_; }                       // ask again after this; 0: never
  std::size_t refused() const { return refused_; }                        // special-purpose addresses left out
  // In the order to try, at most kMostCandidates.
  std::vector<Candidate> candidates(const RandomBelow& random) const;

 private:
  friend class ServerLocation;
  std::string identity_;
  std::vector<LocatedServer> servers_;
  std::chrono::seconds ttl_{};
  std::size_t refused_ = 0;
};

class ServerLocation {
 public:
  // Errors (misconfigured): "sip.location.host" (no domain name and no address), "sip.location.sips" (a SIPS
  // URI never leaves TLS, RFC 5630 3.1), "sip.location.family" (none can be reached).
  static Result<ServerLocation> begin(ServerQuery query);

  // What to ask next, each once. More may come with every answer.
  std::vector<DnsQuestion> takeQuestions();
  // An error is one of the asker's: the servers do not answer. Unasked answers are ignored.
  void answered(const DnsQuestion& question, const Result<DnsAnswer>& answer);
  bool done() const { return outcome_.has_value(); }

  // Once done. Errors: "sip.location.unavailable" (the DNS does not answer), "sip.location.none" (there is no
  // address), "sip.location.not_offered" (the domain says that there is no such service: target "."),
  // "sip.location.special_purpose" (only addresses that are not believed).
  const Result<Located>& outcome() const { return *outcome_; }

 private:
  enum class Step : std::uint8_t { pointers, services, addresses };

  explicit ServerLocation(ServerQuery query) : query_(std::move(query)) {}
  std::uint16_t defaultPort() const;
  std::string serviceOwner() const;
  void ask(DnsQuestion question);
  void askNextServices();
  void askAddresses();
  void takePointers(const Result<DnsAnswer>& answer);
  void takeServices(const Result<DnsAnswer>& answer);
  void takeAddresses();
  void finishNumeric(const IpAddress& address);
  void keep(const IpAddress& address, std::uint16_t port, LocatedServer& server);
  void fail(const char* code, std::string detail);

  ServerQuery query_;
  Step step_ = Step::pointers;
  std::vector<DnsQuestion> to_ask_;
  std::map<DnsQuestion, std::optional<Result<DnsAnswer>>> asked_;  // of this step
  std::vector<std::string> owners_;                                // of SRV records, tried in this order
  std::vector<SrvRecord> services_;
  Located located_;
  std::optional<std::chrono::seconds> ttl_;
  std::optional<IpAddress> refused_;  // one of them
  bool declined_ = false;             // a service with target "."
  std::optional<Result<Located>> outcome_;
};

}  // namespace sallyport::sip
