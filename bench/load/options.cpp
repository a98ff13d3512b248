// SPDX-License-Identifier: Apache-2.0
#include "load/options.h"

#include <CLI/CLI.hpp>

namespace sallyport::load {
namespace {

constexpr const char* kAbout =
    "Calls over mutual TLS through a SIP server, with the callee's side answered here, and what the server\n"
    "used for it. One JSON object on standard output. Loopback and bounded: this is no weapon.";

CLI::Option* addEndpoint(CLI::App& app, const char* name, Endpoint& endpoint, const char* help) {
  return app.add_option_function<std::string>(
      name,
      [&endpoint, name](const std::string& text) {
        const auto parsed = Endpoint::parse(text);
        if (!parsed || !parsed->address.isLoopback())
          throw CLI::ValidationError{name, "is not a loopback address:port"};
        endpoint = *parsed;
      },
      help);
}

void addSuite(CLI::App& app, crypto::SrtpSuite& suite) {
  app.add_option_function<std::string>(
      "--suite",
      [&suite](const std::string& text) {
        for (const auto candidate : crypto::kSrtpSuites) {
          if (crypto::factsOf(candidate).name == text) {
            suite = candidate;
            return;
          }
        }
        throw CLI::ValidationError{"--suite", "'" + text + "' is no SRTP suite"};
      },
      "SRTP suite of both sides (AEAD_AES_256_GCM)");
}

}  // namespace

std::optional<Options> parseOptions(int argc, char** argv, int& status) {
  Options options;
  long talk = options.talk.count();
  CLI::App app{kAbout, "bench_load"};
  app.require_subcommand(1);
  app.fallthrough();  // options may stand behind the mode
  auto* calls = app.add_subcommand("calls", "INVITE/180/200/ACK/BYE/200 with SDP, at a rate");
  auto* handshakes = app.add_subcommand("handshakes", "A full handshake, an OPTIONS, and away, over and over");
  auto* idle = app.add_subcommand("idle", "What an idle connection weighs");
  auto* media = app.add_subcommand("media", "Calls that talk: G.711 in SRTP, 50 packets a second each way");
  addEndpoint(app, "--server", options.server, "the server's address:port")->required();
  addEndpoint(app, "--answer", options.answer, "address:port at which the callee answers");
  app.add_option("--server-name", options.server_name, "the DNS name in the server's certificate")
      ->capture_default_str();
  app.add_option("--domain", options.domain, "the SIP domain called")->capture_default_str();
  app.add_option("--ca", options.ca, "the CA of everybody's certificate")->required()->check(CLI::ExistingFile);
  app.add_option("--caller-cert", options.caller.certificate, "PEM")->required();
  app.add_option("--caller-key", options.caller.key, "PEM")->required();
  app.add_option("--callee-cert", options.callee.certificate, "PEM");
  app.add_option("--callee-key", options.callee.key, "PEM");
  app.add_option("--server-pid", options.server_pid, "whose CPU and memory are read")->required();
  app.add_option("--connections", options.connections)->capture_default_str()->check(CLI::Range(1, 20'000));
  app.add_option("--count", options.count)->capture_default_str()->check(CLI::Range(1, 1'000'000));
  app.add_option("--warm-up", options.warm_up)->capture_default_str()->check(CLI::Range(0, 100'000));
  app.add_option("--rate", options.rate, "per second")->capture_default_str()->check(CLI::Range(0.1, 100'000.0));
  app.add_option("--max-in-flight", options.max_in_flight)->capture_default_str()->check(CLI::Range(1, 100'000));
  app.add_option("--talk", talk, "seconds of media that are measured")
      ->capture_default_str()
      ->check(CLI::Range(1, 120));
  addSuite(app, options.suite);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    status = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  options.mode = *calls ? Mode::calls : *handshakes ? Mode::handshakes : *idle ? Mode::idle : Mode::media;
  options.talk = std::chrono::seconds{talk};
  const bool answers = *calls || *media;
  if (answers && (options.answer.port == 0 || options.callee.certificate.empty() || options.callee.key.empty())) {
    status = app.exit(CLI::RequiredError{"--answer, --callee-cert and --callee-key"}) == 0 ? 0 : 2;
    return std::nullopt;
  }
  return options;
}

}  // namespace sallyport::load
