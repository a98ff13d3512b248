// SPDX-License-Identifier: Apache-2.0
#pragma once
// The header of an HTTP/1.1 request (RFC 9112), read by Beast, and the status line of an answer: for the servers of
// this room. None of them takes a body. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::net {

struct HttpRequest {
  enum class Method : std::uint8_t { get, head };
  enum class After : std::uint8_t { keep, close };  // of the connection, as the client wishes

  Method method = Method::get;
  After after = After::close;
  std::string path;                                         // without its query
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case

  // The first of that name.
  std::optional<std::string_view> field(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  // Whether a comma separated list (RFC 9110 5.6.1) holds it, without case.
  bool lists(std::string_view name, std::string_view value) const;
};

struct HttpRead {
  enum class Progress : std::uint8_t { incomplete, complete };
  Progress progress = Progress::incomplete;
  std::size_t size = 0;  // of the header, when complete
  unsigned refusal = 0;  // a status to refuse it with, else 0: 400, 405, 413, 431
  HttpRequest request;
};

HttpRead readHttpRequest(std::string_view input, std::size_t header_limit);

std::string_view httpReason(unsigned status);  // "Not Found"

}  // namespace sallyport::net
