// SPDX-License-Identifier: Apache-2.0
#pragma once
// One function per section: from its table to its struct. Internal to config; see sections.h for the whole.

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/table_reader.h"

namespace sallyport::config {

void readCertificates(TableReader& table, KeyPair& ecdsa, std::optional<KeyPair>& rsa);  // ours, of a listener
// One address of each family at most.
void readMediaAddresses(TableReader& table, std::string_view key, std::vector<IpAddress>& out);
void readMediaAdvertise(TableReader& table, MediaAdvertise& out);  // of a listener
void readWebListener(TableReader& table, WebListener& listener);
void readDevices(TableReader& table, Devices& devices);
void readPeer(TableReader& table, Peer& peer);
void readRoute(TableReader& table, Route& route);
void readHeaderPolicies(TableReader& table, std::vector<HeaderPolicy>& policies);
void readRegistrar(TableReader& table, Registrar& registrar, const Path& state_dir);
void readDns(TableReader& table, Dns& dns);
void readGuard(TableReader& table, Guard& guard, const Registrar& registrar);

inline constexpr std::string_view kAddressForm =
    "an address with a port such as \"192.0.2.1:5061\" or \"[2001:db8::1]:5061\"";
inline constexpr std::string_view kHostForm = "a domain name or an address";
inline constexpr std::string_view kHostPortForm = "a host with an optional port";
inline constexpr std::string_view kProofsForm =
    "certificate, digest, scram, token, network, or several such as \"certificate and digest\"";

std::optional<std::string> sipIdentity(std::string_view text);  // as isSipIdentity(), for TableReader::parsed()
std::optional<std::string> anyText(std::string_view text);

}  // namespace sallyport::config
