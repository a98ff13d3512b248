// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the command line said, checked: every value parsed, every file still to be opened.

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/endpoint.h"
#include "crypto/srtp_suite.h"
#include "phone/audio/tone.h"
#include "phone/tls_setup.h"
#include "sdp/codec.h"

namespace sallyport::phone {

using std::chrono::milliseconds;

enum class Output : std::uint8_t { forPeople, json };

// What `call`, `answer` and `echo` share.
struct PhoneOptions {
  TlsFiles tls;
  std::optional<crypto::SubjectAltName> expect_san;
  std::string uri;  // "" : the one in the certificate
  std::string play;
  std::optional<ToneSpec> tone;
  std::string record;
  std::vector<sdp::Codec> codecs{sdp::Codec::opus, sdp::Codec::pcmu, sdp::Codec::pcma};
  std::vector<crypto::SrtpSuite> suites{crypto::kSrtpSuites.begin(), crypto::kSrtpSuites.end()};
  Output output = Output::forPeople;
};

struct CallOptions {
  PhoneOptions phone;
  std::string target;
  Endpoint via;
  std::string server_name;
  milliseconds duration{5'000};
  milliseconds answer_within{60'000};
  std::optional<milliseconds> hold_after, cancel_after;
  milliseconds hold_for{1'000};
};

struct AnswerOptions {
  PhoneOptions phone;
  Endpoint listen;
  milliseconds answer_after{0};
  std::optional<milliseconds> hang_up_after;
  std::uint64_t calls = 0;  // then exit; 0: until interrupted
  std::optional<int> reject;
  bool echo = false;
};

struct CompareOptions {
  std::string played, heard;
  std::optional<sdp::Codec> codec;
  Output output = Output::forPeople;
};

struct ExitNow {
  int status;  // help or an error has been printed
};

using Command = std::variant<ExitNow, CallOptions, AnswerOptions, CompareOptions>;

Command parseCommandLine(int argc, const char* const* argv);

}  // namespace sallyport::phone
