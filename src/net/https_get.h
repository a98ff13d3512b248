// SPDX-License-Identifier: Apache-2.0
#pragma once
// One document fetched over HTTPS (RFC 9110, RFC 9112), from the host that a TLS context expects and from no other:
// redirections are answers like any other that is not 200. Bounded in bytes and in time, from the DNS to the last byte.
// On the loop's thread; nothing blocks.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "net/loop.h"
#include "net/task.h"

namespace sallyport::crypto {
class TlsClientContext;
}

namespace sallyport::net {

class Resolver;

struct HttpsUrl {
  std::string host;  // a domain name, or an address (IPv6 in brackets)
  std::uint16_t port = 443;
  std::string target;  // "/keys?v=1"

  // Nothing when it is not "https://host[:port][/path][?query]"; a fragment is left out.
  static std::optional<HttpsUrl> parse(std::string_view text);
};

struct HttpsLimits {
  std::size_t body = 256 * 1'024;
  std::uint32_t header = 16 * 1'024;
  Duration whole = std::chrono::seconds{10};
};

// A fetch under way. Letting it go gives up without a word.
class [[nodiscard]] HttpsGet {
 public:
  // The body of a 200. Errors, unavailable: "net.https.timeout", "net.https.status" (the detail has it),
  // "net.https.truncated", "net.https.no_address", those of Resolver::ask and of Dial; peerMisbehaved:
  // "net.https.too_large", "net.https.malformed".
  using Done = UniqueFunction<void(Result<std::string>)>;

  // `done` runs once, from the loop and never from within this call; it may let this go. The resolver outlives it.
  static std::unique_ptr<HttpsGet> start(Loop& loop, Resolver& resolver, HttpsUrl url,
                                         std::shared_ptr<const crypto::TlsClientContext> context,
                                         const HttpsLimits& limits, Done done);
  ~HttpsGet();
  HttpsGet(const HttpsGet&) = delete;
  HttpsGet& operator=(const HttpsGet&) = delete;

 private:
  class Impl;
  explicit HttpsGet(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::net
