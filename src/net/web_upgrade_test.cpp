// SPDX-License-Identifier: Apache-2.0
#include "net/web_upgrade.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace sallyport::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct WebUpgrade : testing::Test {
  WebUpgrade() { rules.origins = {"https://phone.example.org", "https://phone.example.org:8443"}; }

  // A browser's request with one field changed; without a value it is left out, "" leaves all as they are.
  HttpRequest asking(std::string_view name = "", std::optional<std::string> value = std::nullopt) const {
    HttpRequest request;
    request.path = "/sip";
    request.fields = {{"host", "phone.example.org"},    {"connection", "keep-alive, Upgrade"},
                      {"upgrade", "websocket"},         {"origin", "https://phone.example.org"},
                      {"sec-websocket-version", "13"},  {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                      {"sec-websocket-protocol", "sip"}};
    const auto found = std::find_if(request.fields.begin(), request.fields.end(),
                                    [&](const auto& field) { return field.first == name; });
    if (found == request.fields.end()) return request;
    if (value) {
      found->second = *value;
    } else {
      request.fields.erase(found);
    }
    return request;
  }
  std::string verdict(const HttpRequest& request) const {
    const auto refusal = refuseUpgrade(request, rules);
    return refusal ? std::to_string(refusal->status) + " " + refusal->code : "upgraded";
  }
  WebRules rules;
};

TEST_F(WebUpgrade, IsGrantedToAPageOfAListedOrigin) {
  EXPECT_EQ(verdict(asking()), "upgraded");
  EXPECT_EQ(verdict(asking("origin", "https://phone.example.org:8443")), "upgraded");
  EXPECT_EQ(verdict(asking("sec-websocket-protocol", "xmpp, sip")), "upgraded");
  EXPECT_EQ(upgradeAnswer(asking(), rules),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n");
}

TEST_F(WebUpgrade, IsGrantedToNoOtherOrigin) {
  for (const auto* origin :
       {"http://phone.example.org", "https://phone.example.org.evil.test", "https://evil.test",
        "https://PHONE.example.org", "https://phone.example.org/", "https://phone.example.org:444", "null", ""}) {
    EXPECT_EQ(verdict(asking("origin", origin)), "403 net.websocket.origin") << origin;
  }
  auto twice = asking();
  twice.fields.emplace_back("origin", "https://evil.test");
  EXPECT_EQ(verdict(twice), "403 net.websocket.origin");
}

TEST_F(WebUpgrade, IsGrantedWithoutAnOriginOnlyWhereThatIsSaid) {
  EXPECT_EQ(verdict(asking("origin")), "403 net.websocket.origin_missing");
  rules.without_origin = WebRules::WithoutOrigin::admit;
  EXPECT_EQ(verdict(asking("origin")), "upgraded");
  EXPECT_EQ(verdict(asking("origin", "https://evil.test")), "403 net.websocket.origin");
}

TEST_F(WebUpgrade, NeedsTheSubprotocol) {
  EXPECT_EQ(verdict(asking("sec-websocket-protocol")), "400 net.websocket.subprotocol");
  EXPECT_EQ(verdict(asking("sec-websocket-protocol", "sip2")), "400 net.websocket.subprotocol");
}

TEST_F(WebUpgrade, NeedsAKeyOfSixteenBytes) {
  EXPECT_EQ(verdict(asking("sec-websocket-key")), "400 net.websocket.key");
  EXPECT_EQ(verdict(asking("sec-websocket-key", "c2hvcnQ=")), "400 net.websocket.key");
  auto twice = asking();
  twice.fields.emplace_back("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(verdict(twice), "400 net.websocket.key");
}

TEST_F(WebUpgrade, SaysWhichVersionItSpeaks) {
  EXPECT_EQ(verdict(asking("sec-websocket-version", "8")), "426 net.websocket.version");
  EXPECT_EQ(verdict(asking("sec-websocket-version")), "426 net.websocket.version");
  auto twice = asking("sec-websocket-version", "13");
  twice.fields.emplace_back("sec-websocket-version", "8");
  EXPECT_EQ(verdict(twice), "426 net.websocket.version");
  const auto refusal = *refuseUpgrade(asking("sec-websocket-version", "8"), rules);
  EXPECT_THAT(
      bareAnswer(refusal.status, HttpRequest::After::close, refusal.fields).head,
      testing::AllOf(StartsWith("HTTP/1.1 426 Upgrade Required\r\n"), HasSubstr("Sec-WebSocket-Version: 13\r\n")));
}

TEST_F(WebUpgrade, IsAskedForByGetAndBothFields) {
  EXPECT_EQ(verdict(asking("upgrade")), "426 net.websocket.no_upgrade");
  EXPECT_EQ(verdict(asking("upgrade", "h2c")), "426 net.websocket.no_upgrade");
  EXPECT_EQ(verdict(asking("connection", "keep-alive")), "426 net.websocket.no_upgrade");
  auto head = asking();
  head.method = HttpRequest::Method::head;
  EXPECT_EQ(verdict(head), "426 net.websocket.no_upgrade");
}

}  // namespace
}  // namespace sallyport::net
