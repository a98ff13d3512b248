// SPDX-License-Identifier: Apache-2.0
#include "call/turn_credentials.h"

#include <boost/json.hpp>
#include <utility>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/password.h"

namespace sallyport::call {

namespace json = boost::json;

Result<TurnCredentials> TurnCredentials::load(const config::Turn& turn) {
  SP_ASSIGN(auto secret, crypto::passwordFromFile(turn.secret_file));
  return TurnCredentials{turn.urls, std::move(secret), turn.lifetime};
}

TurnCredentials::TurnCredentials(std::vector<std::string> urls, Secret secret, std::chrono::seconds lifetime)
    : urls_(std::move(urls)), secret_(std::move(secret)), lifetime_(lifetime) {}

std::string TurnCredentials::documentFor(std::string_view principal, WallTime now) const {
  const auto end = std::chrono::duration_cast<std::chrono::seconds>((now + lifetime_).time_since_epoch());
  const auto username = std::to_string(end.count()) + ":" + std::string{principal};
  const auto credential = crypto::hmacSha1(secret_.bytes(), bytesOf(username));
  json::object server{{"urls", json::array(urls_.begin(), urls_.end())},
                      {"username", username},
                      {"credential", crypto::base64Encode(credential)}};
  return json::serialize(
      json::object{{"ice_servers", json::array{std::move(server)}}, {"lifetime", lifetime_.count()}});
}

}  // namespace sallyport::call
