// SPDX-License-Identifier: Apache-2.0
#include "net/web_site.h"

#include <gmock/gmock.h>

#include "net/test_support.h"

namespace sallyport::net {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct WebSiteTest : testing::Test {
  static HttpRequest get(std::string path, HttpFields fields = {}) {
    HttpRequest request;
    request.path = std::move(path);
    request.after = HttpRequest::After::keep;
    request.fields = std::move(fields);
    return request;
  }
  WebSite site =
      *WebSite::make({{"/phone/", "text/html; charset=utf-8", "<p>", {{"X-Content-Type-Options", "nosniff"}}},
                      {"/phone/phone.js", "text/javascript; charset=utf-8", "1;", {}}});
};

TEST_F(WebSiteTest, ServesWhatIsListedWithItsFields) {
  const auto answer = site.answer(get("/phone/"));
  EXPECT_EQ(answer.status, 200u);
  EXPECT_THAT(answer.head,
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"),
                    HasSubstr("\r\nContent-Type: text/html; charset=utf-8\r\n"), HasSubstr("\r\nContent-Length: 3\r\n"),
                    Not(HasSubstr("Connection")), EndsWith("\r\n\r\n")));
  EXPECT_EQ(*answer.content, "<p>");
}

TEST_F(WebSiteTest, TellsHeadTheLengthAndSendsNothing) {
  auto request = get("/phone/phone.js");
  request.method = HttpRequest::Method::head;
  request.after = HttpRequest::After::close;
  const auto answer = site.answer(request);
  EXPECT_THAT(answer.head, AllOf(HasSubstr("Content-Length: 2\r\n"), HasSubstr("Connection: close\r\n")));
  EXPECT_EQ(answer.content, nullptr);
}

TEST_F(WebSiteTest, SendsACopyThatIsCurrentNoSecondTime) {
  const auto head = site.answer(get("/phone/")).head;
  const auto at = head.find("ETag: ") + 6;
  const auto etag = head.substr(at, head.find('\r', at) - at);
  for (const auto& known : {etag, "W/" + etag, "\"other\", " + etag, std::string{"*"}}) {
    const auto answer = site.answer(get("/phone/", {{"if-none-match", known}}));
    EXPECT_EQ(answer.status, 304u) << known;
    EXPECT_EQ(answer.content, nullptr);
    EXPECT_THAT(answer.head, AllOf(HasSubstr("ETag: " + etag), HasSubstr("nosniff")));
  }
  EXPECT_EQ(site.answer(get("/phone/", {{"if-none-match", "\"other\""}})).status, 200u);
  EXPECT_NE(site.answer(get("/phone/phone.js")).head.find("ETag"), std::string::npos);
  EXPECT_THAT(site.answer(get("/phone/phone.js")).head, Not(HasSubstr(etag)));
}

TEST_F(WebSiteTest, KnowsNoOtherPath) {
  for (const auto* path : {"/", "/phone/index.html", "/phone//", "/phone/../phone/", "/phone/%2e%2e/etc/passwd",
                           "/phone/phone.js/", "/PHONE/", "/phone/phone.js%00"}) {
    const auto answer = site.answer(get(path));
    EXPECT_EQ(answer.status, 404u) << path;
    EXPECT_EQ(answer.head, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  }
}

TEST_F(WebSiteTest, SendsAFolderWithoutItsSlashThere) {
  const auto answer = site.answer(get("/phone"));
  EXPECT_EQ(answer.status, 308u);
  EXPECT_THAT(answer.head, HasSubstr("\r\nLocation: /phone/\r\n"));
}

TEST(WebSite, RefusesWhatWouldBreakTheHeader) {
  const auto code = [](WebFile file) { return codeOf(WebSite::make({std::move(file)})); };
  EXPECT_EQ(code({"phone", "text/plain", "", {}}), "net.site.path");
  EXPECT_EQ(code({"/phone", "text/plain\r\nSet-Cookie: a=b", "", {}}), "net.site.field");
  EXPECT_EQ(code({"/phone", "text/plain", "", {{"X: y\r\nZ", ""}}}), "net.site.field");
  EXPECT_EQ(code({"/phone", "text/plain", "", {{"", "a"}}}), "net.site.field");
  EXPECT_EQ(codeOf(WebSite::make({{"/a", "text/plain", "", {}}, {"/a", "text/plain", "", {}}})), "net.site.path");
}

}  // namespace
}  // namespace sallyport::net
