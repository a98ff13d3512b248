// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/command_line.h"

#include <cstdio>

#include "phone/cli/answer_command.h"
#include "phone/cli/call_command.h"
#include "phone/cli/options.h"
#include "phone/cli/phone_session.h"
#include "phone/cli/register_command.h"
#include "phone/cli/report.h"

namespace sallyport::phone {
namespace {

int compareFiles(const CompareOptions& options) {
  const auto played = loadWav(options.played);
  if (!played) return explain(played.error());
  const auto heard = loadWav(options.heard);
  if (!heard) return explain(heard.error());
  const auto comparison = compareAudio(*played, *heard);
  if (!comparison) {
    explain(comparison.error());
    return kExitFailed;
  }
  const auto verdict = judge(*comparison, thresholdsFor(options.codec));
  const bool json = options.output == Output::json;
  const auto text = json ? jsonComparison(*comparison, verdict) + "\n" : textComparison(*comparison, verdict);
  std::fputs(text.c_str(), stdout);
  return verdict.passed() ? kExitOk : kExitFailed;
}

struct Runner {
  int operator()(const ExitNow& exit) const { return exit.status; }
  int operator()(const CallOptions& options) const { return CallCommand{options}.run(); }
  int operator()(const AnswerOptions& options) const { return AnswerCommand{options}.run(); }
  int operator()(const RegisterOptions& options) const { return RegisterCommand{options}.run(); }
  int operator()(const CompareOptions& options) const { return compareFiles(options); }
};

}  // namespace

int runCommandLine(int argc, const char* const* argv) { return std::visit(Runner{}, parseCommandLine(argc, argv)); }

}  // namespace sallyport::phone
