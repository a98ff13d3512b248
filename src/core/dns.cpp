// SPDX-License-Identifier: Apache-2.0
#include "core/dns.h"

#include <string_view>

namespace sallyport {
namespace {

std::string_view nameOf(DnsType type) {
  switch (type) {
    case DnsType::a: return "A";
    case DnsType::aaaa: return "AAAA";
    case DnsType::srv: return "SRV";
    case DnsType::naptr: return "NAPTR";
  }
  return "";
}

}  // namespace

std::string DnsQuestion::toString() const { return std::string{nameOf(type)} + " " + name; }

}  // namespace sallyport
