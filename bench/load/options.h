// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the load generator is told on its command line. Every load is bounded in count and in time.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/endpoint.h"
#include "crypto/srtp_suite.h"

namespace sallyport::load {

enum class Mode : std::uint8_t { calls, handshakes, idle, media };

struct KeyFiles {
  std::filesystem::path certificate, key;
};

struct Options {
  Mode mode = Mode::calls;
  Endpoint server;
  std::string server_name = "edge.sallyport.test";  // in its certificate
  std::string domain = "sallyport.test";
  std::filesystem::path ca;
  KeyFiles caller, callee;
  Endpoint answer;  // where the callee listens; the server calls it there
  int server_pid = 0;

  unsigned connections = 8;      // the callers'; idle: how many to hold
  unsigned count = 1'000;        // calls or handshakes that are measured
  unsigned warm_up = 50;         // and before them, unmeasured
  double rate = 300;             // per second
  unsigned max_in_flight = 500;  // beyond it the rate gives way
  crypto::SrtpSuite suite = crypto::SrtpSuite::aeadAes256Gcm;
  std::chrono::seconds talk{10};  // media: measured for this long
};

// Nothing when the process is to end with `status`: help was asked for, or the arguments are wrong.
std::optional<Options> parseOptions(int argc, char** argv, int& status);

}  // namespace sallyport::load
