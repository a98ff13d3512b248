// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commented sallyport.toml a user would keep. deploy/sallyport.toml is this text with the defaults
// below; `sallyport run` writes it with the ports, folders and names of its demonstration.

#include <optional>
#include <string>
#include <vector>

namespace sallyport::config {

struct SamplePeer {
  std::string name;
  std::vector<std::string> identities;
  std::string trust = "private";
  std::string address = "";      // empty: the peer only calls us
  std::string server_name = "";  // empty: its first dns identity
  std::string tier = "strict";
  std::string remark = "";  // one comment line above the table; may be empty
};

struct SampleRoute {
  std::string user = "*";
  std::string domain = "";     // empty: left out
  std::string from_peer = "";  // empty: left out
  std::string to = "";
};

struct SampleOptions {
  std::vector<std::string> domains{"example.org"};
  std::string state_dir = "/var/lib/sallyport";
  std::string user = "sallyport";  // empty: left out
  std::string listen_address = "0.0.0.0:5061";
  std::string certificate = "/etc/sallyport/edge.pem";
  std::string key = "/etc/sallyport/edge.key";
  std::string advertise = "";  // signalling; empty: shown as a comment
  std::string media_address = "0.0.0.0";
  std::string media_ports = "20000-29999";
  std::string media_advertise = "203.0.113.10";  // empty: shown as a comment
  std::string trust_anchors = "/etc/sallyport/ca.pem";
  std::string trust_crl = "/etc/sallyport/ca.crl.pem";        // empty: shown as a comment
  std::optional<std::string> devices_domain = "example.org";  // unset: no [devices]
  std::vector<SamplePeer> peers{{.name = "core",
                                 .identities = {"dns:core.example.org"},
                                 .address = "192.0.2.20:5061",
                                 .remark = "The voice core behind the edge (FreeSWITCH, Asterisk, Kamailio)."}};
  std::vector<SampleRoute> routes{{.user = "*", .to = "core"}};
  std::string log = "stdout";
  std::string metrics = "127.0.0.1:9464";  // empty: off
};

// TOML text that load() accepts without warning as long as the values are valid.
std::string sample(const SampleOptions& options);

}  // namespace sallyport::config
