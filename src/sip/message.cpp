// SPDX-License-Identifier: Apache-2.0
#include "sip/message.h"

#include "sip/char_class.h"
#include "sip/message_parser.h"

namespace sallyport::sip {

Result<Message> Message::parse(std::string frame, const ParseLimits& limits) {
  return MessageParser{limits}.parse(std::move(frame));
}

std::optional<std::string_view> Message::header(HeaderId id) const {
  const std::size_t first = first_[static_cast<std::size_t>(id)];
  if (first == 0 || id == HeaderId::other) return std::nullopt;
  return headers_[first - 1].value;
}

std::optional<std::string_view> Message::header(std::string_view other_name) const {
  if (const HeaderId id = headerIdFrom(other_name); id != HeaderId::other) return header(id);
  for (const HeaderField& field : headers_) {
    if (field.id == HeaderId::other && equalsIgnoringCase(field.name, other_name)) return field.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Message::list(HeaderId id) const {
  std::vector<std::string_view> items;
  for (std::size_t i = first_[static_cast<std::size_t>(id)]; i != 0 && i <= headers_.size(); ++i) {
    if (headers_[i - 1].id != id) continue;
    ListCursor cursor{headers_[i - 1].value};
    while (const auto item = cursor.next()) {
      if (!item->empty()) items.push_back(*item);
    }
  }
  return items;
}

bool Message::listContains(HeaderId id, std::string_view token) const {
  for (std::size_t i = first_[static_cast<std::size_t>(id)]; i != 0 && i <= headers_.size(); ++i) {
    if (headers_[i - 1].id != id) continue;
    ListCursor cursor{headers_[i - 1].value};
    while (const auto item = cursor.next()) {
      if (equalsIgnoringCase(trimRight(item->substr(0, item->find(';'))), token)) return true;
    }
  }
  return false;
}

Result<std::vector<NameAddr>> Message::nameAddrs(HeaderId id) const {
  std::vector<NameAddr> out;
  for (const HeaderField& field : headers_) {
    if (field.id != id) continue;
    ListCursor cursor{field.value};
    while (const auto item = cursor.next()) {
      SP_ASSIGN(NameAddr address, NameAddr::parse(*item));
      out.push_back(address);
    }
  }
  return out;
}

Result<std::vector<Via>> Message::vias() const {
  std::vector<Via> out;
  for (const HeaderField& field : headers_) {
    if (field.id != HeaderId::via) continue;
    ListCursor cursor{field.value};
    while (const auto item = cursor.next()) {
      SP_ASSIGN(Via via, Via::parse(*item));
      out.push_back(via);
    }
  }
  return out;
}

}  // namespace sallyport::sip
