// SPDX-License-Identifier: Apache-2.0
#pragma once
// The command line as values: one struct per command, parsed here and nowhere else.

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"

namespace sallyport::app {

using Path = std::filesystem::path;

enum class Output : unsigned char { text, json };
enum class Showing : unsigned char { nothing, nat };
enum class Strictness : unsigned char { normal, strict };

struct RunCommand {
  Path config;
};
struct CheckCommand {
  Path config;
  Strictness strictness;
  std::string show;  // a peer's name: print what holds for it
  Output output;
  Showing showing = Showing::nothing;
};
// What a call would meet, without one.
struct RouteCommand {
  Path config;
  std::string from, to;  // a user, user@host, a number or a URI
  std::string from_peer;
  std::string at;  // a time; empty: now
  Output output;
};
struct PresetsCommand {
  std::string name;  // empty: list them
  Output output;
};
// What asks the running edge, or its records, and prints: status, calls, peers, registrations, why, evidence, cdr,
// drain, reload, hangup, trunks, peer drain, peer enable.
struct ReportCommand {
  enum class What : unsigned char {
    trunks,
    peerDrain,
    peerEnable,
    status,
    calls,
    peers,
    registrations,
    why,
    evidence,
    cdr,
    drain,
    reload,
    hangup
  };
  What what;
  Path config;
  std::string subject;  // why, evidence, hangup, peer drain and enable; registrations: empty for all
  std::size_t count = 20;
  Output output;
};
struct InitCommand {
  Path dir;
  std::string domain;
  std::string listen;
  std::string metrics;              // address:port, empty: off
  std::vector<std::string> phones;  // "name" or "name=address:port"
};
struct CaCommand {
  enum class What : unsigned char { init, issue, revoke, list };
  What what;
  Path dir;
  std::string name;
  Path out;
  std::vector<std::string> dns, ip, uri;
  unsigned days = 365;
  std::string reason;
  Output output;
};
// Passwords of devices and peers: the file that [devices] credentials names.
struct CredentialsCommand {
  enum class What : unsigned char { add, remove, list };
  enum class Present : unsigned char { refuse, replace };
  What what;
  Path config;
  std::string whose;     // add, remove: "alice", "alice@example.org", "peer:carrier"
  std::string username;  // of a peer
  Present present;       // add: what to do with whom the file has already
  Output output;
};
struct PhoneCommand {
  std::vector<std::string> arguments;
};  // handed to sallyport-phone as they are
struct VersionCommand {
  Output output;
};

using Command = std::variant<RunCommand, CheckCommand, RouteCommand, PresetsCommand, ReportCommand, InitCommand,
                             CaCommand, CredentialsCommand, PhoneCommand, VersionCommand>;

// A command, or what to print and the status to exit with (help, or what is wrong with the arguments).
struct Exit {
  int status;
};
std::variant<Command, Exit> parseOptions(int argc, char** argv);

}  // namespace sallyport::app
