// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files for browsers, all in memory: what is listed is served, by its exact path, and nothing else exists. No file is
// opened for a request, so that no path leads anywhere. Immutable; shared by all workers.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "net/http_request.h"

namespace sallyport::net {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct WebFile {
  std::string path;  // "/phone/phone.js"
  std::string content_type;
  std::string content;
  HttpFields fields;  // besides type, length and ETag
};

// What goes on the wire: the header section whole, then the content where there is one to be sent.
struct WebAnswer {
  unsigned status = 200;
  std::string head;
  std::shared_ptr<const std::string> content = nullptr;
};

class WebSite {
 public:
  WebSite() = default;  // without a page
  // Errors, misconfigured: "net.site.path" (not absolute, or there twice), "net.site.field" (a header field that would
  // not be one on the wire).
  static Result<WebSite> make(std::vector<WebFile> files);

  // Answers GET and HEAD: 200, 304 for a copy that is current, 308 from a folder without its slash, 404.
  WebAnswer answer(const HttpRequest& request) const;

 private:
  struct Page {
    std::string fields;  // lines
    std::string etag;    // quoted
    std::shared_ptr<const std::string> content;
  };
  std::map<std::string, Page, std::less<>> pages_;
};

// An answer without content: a status and what has to be said beside it.
WebAnswer bareAnswer(unsigned status, HttpRequest::After after, const HttpFields& fields = {});

}  // namespace sallyport::net
