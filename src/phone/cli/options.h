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
#include "phone/account.h"
#include "phone/audio/tone.h"
#include "phone/phone.h"
#include "phone/tls_setup.h"
#include "sdp/codec.h"

namespace sallyport::phone {

using std::chrono::milliseconds;

enum class Output : std::uint8_t { forPeople, json };

// A password or a token beside the certificate, or instead of it.
struct AccountOptions {
  std::string user;           // "": the user of our URI
  std::string realm;          // "": the domain of our URI
  std::string password_file;  // "-": asked for, or the first line of standard input
  std::string token_file;     // instead of a password
  Account::Scheme scheme = Account::Scheme::offered;
};

// Keys agreed with the other end itself.
struct ZrtpOptions {
  std::string cache;  // the file; empty: nothing is remembered
  SasForm sas = SasForm::base32;
  bool compare = false;  // ask whether the two people read each other the same words
};

// Keys that are sent once the call has been answered.
struct DigitOptions {
  std::string keys;
  milliseconds after{1'000};
};

// What `call`, `answer`, `echo` and `register` share.
struct PhoneOptions {
  TlsFiles tls;
  std::optional<AccountOptions> account;
  std::optional<crypto::SubjectAltName> expect_san;
  std::string uri;  // "" : the one in the certificate
  std::string play;
  std::optional<ToneSpec> tone;
  std::optional<std::string> device;  // a sound card instead; "": the one the system prefers
  std::string record;
  std::vector<sdp::Codec> codecs{sdp::Codec::opus, sdp::Codec::pcmu, sdp::Codec::pcma};
  std::vector<crypto::SrtpSuite> suites{crypto::kSrtpSuites.begin(), crypto::kSrtpSuites.end()};
  std::vector<sdp::Keying> keyings{sdp::Keying::sdes};  // preferred first
  sdp::IceUse ice = sdp::IceUse::never;
  std::optional<Endpoint> stun_server;  // asked where it sees us
  std::optional<ZrtpOptions> zrtp;      // instead of them
  std::optional<DigitOptions> digits;
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
  std::optional<Endpoint> listen;                // for the edge's connections ...
  std::optional<RegistrationPlan> registration;  // ... or called on the one we register on
  milliseconds answer_after{0};
  std::optional<milliseconds> hang_up_after;
  std::uint64_t calls = 0;  // then exit; 0: until interrupted
  std::optional<int> reject;
  bool echo = false;
};

struct RegisterOptions {
  PhoneOptions phone;
  RegistrationPlan registration;
  bool once = false;  // take it back and exit as soon as it stands
};

struct CompareOptions {
  std::string played, heard;
  std::optional<sdp::Codec> codec;
  Output output = Output::forPeople;
};

struct DevicesOptions {
  Output output = Output::forPeople;
};

struct ExitNow {
  int status;  // help or an error has been printed
};

using Command = std::variant<ExitNow, CallOptions, AnswerOptions, RegisterOptions, CompareOptions, DevicesOptions>;

Command parseCommandLine(int argc, const char* const* argv);

}  // namespace sallyport::phone
