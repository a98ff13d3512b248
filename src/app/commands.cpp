// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "config/load.h"
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
  const auto outcome = config::load(command.config);
  const bool strict = command.strictness == Strictness::strict;
  if (command.output == Output::json) {
    for (const auto& problem : outcome.errors) printProblem("error", problem);
    for (const auto& problem : outcome.warnings) printProblem(strict ? "error" : "warning", problem);
  } else {
    std::cout << outcome.report();
    if (outcome.ok() && outcome.warnings.empty()) std::cout << command.config.string() << ": nothing is wrong\n";
    if (outcome.ok() && !outcome.warnings.empty())
      std::cout << (strict ? "refused: --strict takes warnings as errors\n" : "usable, with the warnings above\n");
  }
  return outcome.ok() && (!strict || outcome.warnings.empty()) ? 0 : 1;
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
