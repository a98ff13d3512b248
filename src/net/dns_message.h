// SPDX-License-Identifier: Apache-2.0
#pragma once
// A response of the DNS, read (RFC 1035 4): c-ares carries it and checks whose answer it is, but keeps no
// time to live of SRV and NAPTR records, and takes records of any owner. Here only those of the name that was
// asked for count, or of the name that its chain of aliases leads to. Pure; bounded whatever it holds.

#include "core/bytes.h"
#include "core/dns.h"
#include "core/result.h"

namespace sallyport::net {

inline constexpr std::size_t kMostDnsRecords = 256;  // read from one answer; what is beyond is left unread
inline constexpr std::size_t kMostDnsAliases = 8;    // CNAMEs in a row (RFC 1034 3.6.2 asks for none)

// Only the answer section is believed. Records that can not be used (a name with other characters than
// letters, digits, hyphen and underscore, a wrong length) are left out. Error (peerMisbehaved):
// "net.dns.malformed".
Result<DnsAnswer> readDnsAnswer(Bytes message, const DnsQuestion& question);

}  // namespace sallyport::net
