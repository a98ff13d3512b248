// SPDX-License-Identifier: Apache-2.0
// One structured header value through every reading of it: URIs, addresses, Vias, parameters, lists.
#include <cstdint>
#include <string>

#include "core/check.h"
#include "sip/header_values.h"
#include "sip/message.h"

namespace {

using namespace sallyport;

void checkInside(std::string_view whole, std::string_view view) {
  if (view.empty()) return;
  SP_CHECK(view.data() >= whole.data() && view.data() + view.size() <= whole.data() + whole.size());
}

// The list reader and the value reader must agree that one value is one value.
void checkIsOneItem(std::string_view value) {
  sip::ListCursor cursor{value};
  SP_CHECK(cursor.next().has_value() && !cursor.next().has_value());
}

void checkUri(std::string_view text) {
  const auto uri = sip::Uri::parse(text);
  if (!uri) return;
  for (const std::string_view view :
       {uri->scheme, uri->user, uri->host, uri->params.text(), uri->headers, uri->opaque}) {
    checkInside(text, view);
    SP_CHECK(view.find_first_of(std::string_view{"\0\r\n\t <>\"", 8}) == std::string_view::npos);
  }
  if (!uri->isSip() && !uri->isSips()) return;
  SP_CHECK(sip::isHost(uri->host));
  std::string again{uri->scheme};
  again += ':';
  if (!uri->user.empty()) again.append(uri->user) += '@';
  again += uri->host;
  if (uri->port) again += ':' + std::to_string(*uri->port);
  const auto reparsed = sip::Uri::parse(again);
  SP_CHECK(reparsed.ok() && reparsed->user == uri->user && reparsed->host == uri->host && reparsed->port == uri->port);
  checkIsOneItem('<' + std::string{text} + '>');
}

void checkNameAddr(std::string_view text) {
  const auto address = sip::NameAddr::parse(text);
  if (!address || address->uri == "*") return;
  for (const std::string_view view : {address->display_name, address->uri, address->params.text(), address->tag()}) {
    checkInside(text, view);
  }
  checkIsOneItem(text);
}

void checkVia(std::string_view text) {
  const auto via = sip::Via::parse(text);
  if (!via) return;
  for (const std::string_view view : {via->transport, via->sent_by, via->params.text(), via->branch()})
    checkInside(text, view);
  SP_CHECK(sip::isToken(via->transport));
  checkIsOneItem(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  checkUri(text);
  checkNameAddr(text);
  checkVia(text);
  const sip::Params params{text};
  for (const char* name : {"tag", "branch", "lr", "transport"}) {
    if (const auto value = params.find(name)) checkInside(text, *value);
  }
  sip::ListCursor cursor{text};
  while (const auto item = cursor.next()) checkInside(text, *item);
  if (const auto plain = sip::unescaped(text)) SP_CHECK(plain->size() <= text.size());
  static_cast<void>(sip::headerIdFrom(text));
  return 0;
}
