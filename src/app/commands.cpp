// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "app/nat_view.h"
#include "call/policy.h"
#include "config/load.h"
#include "config/presets.h"
#include "config/show.h"
#include "crypto/library.h"

namespace sallyport::app {
namespace {

void printProblem(std::string_view severity, const config::Problem& problem) {
  const boost::json::object line{{"severity", severity},
                                 {"file", problem.file},
                                 {"line", problem.line},
                                 {"column", problem.column},
                                 {"code", problem.code},
                                 {"message", problem.message},
                                 {"suggestion", problem.suggestion}};
  std::cout << boost::json::serialize(line) << '\n';
}

config::Problem unusable(const Path& file, const Error& error) {
  config::Problem problem;
  problem.file = file.string();
  problem.code = error.code;
  problem.message = error.detail;
  return problem;
}

bool show(const config::Config& config, const CheckCommand& command) {
  const auto* peer = config.peer(command.show);
  if (peer == nullptr) {
    explain(Error{ErrorKind::misconfigured, "app.peer.unknown", "there is no [[peer]] '" + command.show + "'"});
    return false;
  }
  const auto text = config::showPeer(*peer);
  if (command.output == Output::json) {
    std::cout << boost::json::serialize(boost::json::object{{"peer", peer->name}, {"toml", text}}) << '\n';
  } else {
    std::cout << text;
  }
  return true;
}

void printNat(const NatView& view) {
  const auto row = [](std::string_view what, const std::string& value) {
    constexpr std::size_t kColumn = 26;
    std::string line{"  "};
    line += what;
    line.resize(std::max(line.size() + 1, kColumn), ' ');
    std::cout << line << value << '\n';
  };
  const auto joined = [](const std::vector<std::string>& all) {
    std::string text;
    for (const auto& each : all) text += (text.empty() ? "" : ", ") + each;
    return text;
  };
  for (const auto& way : view.ways) {
    std::cout << "listener " << way.listener << ", " << way.over << " on " << way.bound << '\n';
    row("Via, Contact, Path", way.signalling);
    row("SDP c=, ICE candidate", joined(way.media) + ", UDP ports " + view.media_ports);
    if (!way.peers.empty()) row("told so in any case", joined(way.peers));
  }
  if (!view.relays.empty()) {
    std::cout << "clients are given\n";
    row("STUN and TURN", joined(view.relays));
  }
}

boost::json::object natJson(const NatView& view) {
  const auto list = [](const std::vector<std::string>& all) { return boost::json::array(all.begin(), all.end()); };
  boost::json::array ways;
  for (const auto& way : view.ways) {
    ways.push_back(boost::json::object{{"listener", way.listener},
                                       {"over", way.over},
                                       {"bound", way.bound},
                                       {"signalling", way.signalling},
                                       {"media", list(way.media)},
                                       {"peers", list(way.peers)}});
  }
  return {
      {"nat", boost::json::object{
                  {"listeners", std::move(ways)}, {"media_ports", view.media_ports}, {"relays", list(view.relays)}}}};
}

// What is told, and what of it leads nowhere: beside the other problems of the file.
void showNat(const CheckCommand& command, config::LoadOutcome& outcome) {
  const auto view = natView(*outcome.config, interfaceAddresses());
  if (command.output == Output::json) {
    std::cout << boost::json::serialize(natJson(view)) << '\n';
  } else {
    printNat(view);
  }
  for (const auto& finding : view.findings) {
    config::Problem problem;
    problem.file = command.config.string();
    problem.code = finding.code;
    problem.message = finding.text;
    problem.suggestion = finding.suggestion;
    (finding.weight == NatFinding::Weight::warning ? outcome.warnings : outcome.notes).push_back(std::move(problem));
  }
}

enum class PresetText : unsigned char { title, whole };

void printPreset(const config::Preset& preset, Output output, PresetText what) {
  const auto [version, title] = config::titleOf(preset);
  if (output == Output::json) {
    boost::json::object line{{"name", preset.name}, {"version", version}, {"title", title}};
    if (what == PresetText::whole) line["toml"] = preset.text;
    std::cout << boost::json::serialize(line) << '\n';
  } else if (what == PresetText::whole) {
    std::cout << preset.text;
  } else {
    constexpr std::size_t kColumn = 20;
    std::string name{preset.name};
    if (name.size() < kColumn) name.append(kColumn - name.size(), ' ');
    std::cout << name << version << "  " << title << '\n';
  }
}

// The folder this program stands in, so that its companion is found without a search path.
Path ownFolder() {
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? Path{} : self.parent_path();
}

}  // namespace

int explain(const Error& error) {
  std::cerr << "sallyport: " << describe(error) << '\n';
  return 1;
}

int check(const CheckCommand& command) {
  auto outcome = config::load(command.config);
  if (outcome.ok()) {
    // What only shows when it is put to use: patterns, header policies, number plans.
    const auto compiled = call::compile(std::make_shared<const config::Config>(*outcome.config));
    if (!compiled) {
      outcome.errors.push_back(unusable(command.config, compiled.error()));
      outcome.config.reset();
    }
  }
  const bool nat = command.showing == Showing::nat;
  if (nat && outcome.ok()) showNat(command, outcome);
  const bool strict = command.strictness == Strictness::strict;
  const bool good = outcome.ok() && (!strict || outcome.warnings.empty());
  if (command.output == Output::json) {
    for (const auto& problem : outcome.errors) printProblem("error", problem);
    for (const auto& problem : outcome.warnings) printProblem(strict ? "error" : "warning", problem);
    for (const auto& problem : outcome.notes) printProblem("note", problem);
  } else {
    std::cout << outcome.report();
    if (strict || nat) {
      for (const auto& problem : outcome.notes) std::cout << "note: " << problem.toString() << '\n';
    }
    if (outcome.ok() && outcome.warnings.empty()) std::cout << command.config.string() << ": nothing is wrong\n";
    if (outcome.ok() && !outcome.warnings.empty())
      std::cout << (strict ? "refused: --strict takes warnings as errors\n" : "usable, with the warnings above\n");
  }
  if (!command.show.empty() && outcome.ok() && !show(*outcome.config, command)) return 1;
  return good ? 0 : 1;
}

int presets(const PresetsCommand& command) {
  if (!command.name.empty()) {
    const auto* preset = config::findPreset(command.name);
    if (preset == nullptr) {
      return explain(Error{ErrorKind::misconfigured, "app.preset.unknown",
                           "there is no preset '" + command.name + "'; `sallyport presets` lists them"});
    }
    printPreset(*preset, command.output, PresetText::whole);
    return 0;
  }
  for (const auto& preset : config::presets()) printPreset(preset, command.output, PresetText::title);
  return 0;
}

int phone(const PhoneCommand& command) {
  std::vector<std::string> words{"sallyport-phone"};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  // Beside us when installed; in its room's folder when run from a build.
  for (const auto& place : {ownFolder() / "sallyport-phone", ownFolder() / "../phone/sallyport-phone"}) {
    execv(place.c_str(), argv.data());
  }
  return explain(Error{ErrorKind::misconfigured, "app.phone.missing",
                       "sallyport-phone is not installed beside sallyport: " + std::string{std::strerror(errno)}});
}

int version(const VersionCommand& command) {
  const auto library = crypto::libraryVersion();
  if (command.output == Output::json) {
    std::cout << boost::json::serialize(boost::json::object{{"version", SALLYPORT_VERSION}, {"openssl", library}})
              << '\n';
  } else {
    std::cout << "sallyport " SALLYPORT_VERSION " (" << library << ")\n";
  }
  return 0;
}

}  // namespace sallyport::app
