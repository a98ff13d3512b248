// SPDX-License-Identifier: Apache-2.0
// Which command was meant; each is a function of its own.

#include <type_traits>
#include <variant>

#include "app/commands.h"
#include "app/edge.h"
#include "app/options.h"

namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;  // clang 14 does not deduce aggregates

}  // namespace

int main(int argc, char** argv) {
  using namespace sallyport::app;
  const auto parsed = parseOptions(argc, argv);
  if (const auto* leave = std::get_if<Exit>(&parsed)) return leave->status;
  return std::visit(Overloaded{[](const RunCommand& command) { return serve(command); },
                               [](const CheckCommand& command) { return check(command); },
                               [](const RouteCommand& command) { return explainRoute(command); },
                               [](const PresetsCommand& command) { return presets(command); },
                               [](const ReportCommand& command) { return report(command); },
                               [](const InitCommand& command) { return initialise(command); },
                               [](const CaCommand& command) { return certificateAuthority(command); },
                               [](const CredentialsCommand& command) { return credentials(command); },
                               [](const PhoneCommand& command) { return phone(command); },
                               [](const VersionCommand& command) { return version(command); }},
                    std::get<Command>(parsed));
}
